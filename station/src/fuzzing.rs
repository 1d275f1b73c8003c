//! What `fuzz/targets` reaches of this crate besides what is everybody's. It is no part of what the crate promises.

pub use crate::circuit::serial::{Heard, hear};
pub use crate::console::playing::{attests, cookie_of, enrols};
pub use crate::courier::playing::{key_again, opened, sealed};
pub use crate::webhook::secret::is_secret;
