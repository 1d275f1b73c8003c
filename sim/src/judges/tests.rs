//! Each judge can object.
