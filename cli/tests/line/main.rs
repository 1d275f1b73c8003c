//! The verbs that work a line, as a person or a script runs them, against a station of the tests' own making.
//!
//! The real station is used in the end-to-end tests. This one says what a healthy station never says: errors,
//! garbage, nothing at all; and it says the rest always in the same words, so that whole pages can be compared.

#[cfg(test)]
mod fake_station;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod terminal;
mod tongues;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod watching;
#[cfg(test)]
mod writing;
