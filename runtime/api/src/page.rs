//! Pages: numbered ones for lists that people leaf through, cursors for lists that programs walk.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;

/// The most items of a page. Larger wishes are clamped to it.
pub(crate) const MAX_PAGE_SIZE: u32 = 100;

/// Which page of a list.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// 1 for the first page.
    #[serde(default = "first_page")]
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: u32,
    /// How many items a page has; more than 100 are taken as 100.
    #[serde(default = "usual_size")]
    #[param(minimum = 1, maximum = 1_000_000, default = 20)]
    page_size: u32,
}

fn first_page() -> u32 {
    1
}

fn usual_size() -> u32 {
    20
}

impl Paging {
    /// The number of the page, from 1.
    pub(crate) fn page(self) -> u32 {
        self.page
    }

    /// How many items to return.
    pub(crate) fn size(self) -> u32 {
        self.page_size.clamp(1, MAX_PAGE_SIZE)
    }

    /// How many items to skip.
    pub(crate) fn offset(self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.size())
    }

    /// How many pages `total` items make.
    pub(crate) fn pages(self, total: u64) -> u64 {
        total.div_ceil(u64::from(self.size()))
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    /// The items of this page.
    pub(crate) data: Vec<T>,
    /// How many items there are in all.
    pub(crate) total: u64,
    /// The number of this page, from 1.
    pub(crate) page: u32,
    /// How many items a page has.
    pub(crate) page_size: u32,
    /// How many pages there are.
    pub(crate) total_pages: u64,
}

impl<T> Page<T> {
    /// The page `paging` asked for.
    pub(crate) fn new(data: Vec<T>, total: u64, paging: Paging) -> Self {
        Self { data, total, page: paging.page(), page_size: paging.size(), total_pages: paging.pages(total) }
    }
}

/// Which way a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    #[default]
    Desc,
}

/// Where a walk through a list stands: the sort value and the id of the last item seen.
///
/// A cursor only says where to go on; the workspace always comes from the key. A forged one is either refused or shows another
/// part of the same list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// What the list is sorted by, so that a cursor of another order is refused.
    pub(crate) order: u8,
    /// The last item's sort value.
    pub(crate) value: String,
    /// The last item's id.
    pub(crate) id: Uuid,
}

impl Cursor {
    /// The opaque text.
    pub(crate) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(17 + self.value.len());
        bytes.push(self.order);
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(self.value.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text that `encode` wrote for the same order.
    pub(crate) fn decode(text: &str, order: u8) -> Result<Self, ApiError> {
        let refused = || ApiError::field("cursor", "invalid_string", "not a cursor of this list in this order");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
        let (head, value) = bytes.split_at_checked(17).ok_or_else(refused)?;
        if head[0] != order || value.contains(&0) {
            return Err(refused());
        }
        let id = Uuid::from_slice(&head[1..]).map_err(|_| refused())?;
        let value = String::from_utf8(value.to_vec()).map_err(|_| refused())?;
        Ok(Self { order, value, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_more_than_a_hundred_is_one_of_a_hundred() {
        let paging = Paging { page: 3, page_size: 5_000 };
        assert_eq!((paging.size(), paging.offset(), paging.pages(201)), (100, 200, 3));
    }

    #[test]
    fn a_cursor_reads_what_it_wrote() {
        let cursor = Cursor { order: 2, value: "ada@example.org".into(), id: Uuid::from_u128(7) };
        assert_eq!(Cursor::decode(&cursor.encode(), 2).expect("cursor"), cursor);
    }

    #[test]
    fn a_cursor_of_another_order_and_a_mangled_one_are_refused() {
        let text = Cursor { order: 2, value: "ada".into(), id: Uuid::nil() }.encode();
        for (text, order) in [(text.as_str(), 1), (&text[..text.len() - 8], 2), ("!", 2), ("", 2)] {
            assert_eq!(Cursor::decode(text, order).err().map(|error| error.status().as_u16()), Some(422));
        }
    }
}
