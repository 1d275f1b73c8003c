//! Small lines, in every order in which things can happen.
#![forbid(unsafe_code)]

mod checking;
mod founding;
mod mirrors;
mod motions;
mod reading;
mod record;
mod scope;
mod standing;
mod station;
mod wish;
mod world;

pub use checking::{Finding, Report, check};
pub use founding::Rules;
pub use scope::{Faults, Scope, Subject};
pub use station::Deceit;
pub use wish::Wish;
pub use world::Action;
