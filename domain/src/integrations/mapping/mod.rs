//! What the mappings of several third parties share: forms of texts, ids of devices, dates, tags.

pub mod dated;
pub mod device_id;
pub mod percent;
pub mod tags;
pub mod text;
