//! Deliveries, from the event to the third party and back, on every backend.

mod first;
