//! Numbered pages.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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

impl From<Direction> for stepwell_store::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Asc => Self::Asc,
            Direction::Desc => Self::Desc,
        }
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
}
