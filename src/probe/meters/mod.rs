//! A server's own metrics: its Prometheus endpoints, those of exporters beside it, `nvidia-smi`.

mod exposition;
mod names;
mod nvidia;
mod scraper;

pub(super) use names::known_meters;
pub use scraper::{Reading, Scraper};
