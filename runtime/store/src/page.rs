//! Pages of lists.

use serde::{Deserialize, Serialize};

/// One page of a list and how long the list is.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

/// In which direction a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    #[default]
    Desc,
}

impl Direction {
    /// The word of SQL.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

/// How many rows lie before a page. Pages count from 1; 0 is taken for 1.
pub(crate) fn offset(page: u32, page_size: u32) -> i64 {
    i64::from(page.saturating_sub(1)).saturating_mul(i64::from(page_size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_page_has_an_offset_too() {
        assert_eq!(offset(0, 20), 0);
        assert_eq!(offset(3, 20), 40);
        assert!(offset(u32::MAX, u32::MAX) > 0);
    }
}
