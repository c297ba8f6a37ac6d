//! What the mappings of several third parties share: forms of texts, ids of devices, dates, tags.

pub mod by_name;
pub mod dated;
pub mod device_id;
pub mod nested;
pub mod percent;
pub mod period;
pub mod signature;
pub mod subscription;
pub mod tags;
pub mod text;
