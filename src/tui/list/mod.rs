//! The rows as the screen shows them: in which order, which of them, which are marked, and which one is selected.

mod cores;
mod marks;
mod news;
mod rows;
mod sorting;

pub use rows::List;
pub use sorting::Sorting;
