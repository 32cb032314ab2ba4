//! Files of recorded traffic.

use std::path::PathBuf;

/// A file of recorded traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFile {
    /// The file, resolved against the scenario's folder.
    pub path: PathBuf,
    /// How it is read.
    pub format: TraceFormat,
    /// Which cell of a `requests.csv` is replayed; `None`: the only one.
    pub cell: Option<u32>,
    /// Whether rows that are no requests are left out and counted, instead of refused.
    pub skip_invalid: bool,
}

/// How a file of recorded traffic is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// JSONL with `timestamp`, `input_length`, `output_length` and `hash_ids`.
    Mooncake,
    /// CSV with `Timestamp`, `Request tokens` and `Response tokens`.
    BurstGpt,
    /// CSV with `TIMESTAMP`, `ContextTokens` and `GeneratedTokens`.
    Azure,
    /// The `requests.csv` of a run of pacemark.
    Pacemark,
}

impl TraceFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mooncake, Self::BurstGpt, Self::Azure, Self::Pacemark];

    /// Its name in scenarios and results.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mooncake => "mooncake",
            Self::BurstGpt => "burstgpt",
            Self::Azure => "azure",
            Self::Pacemark => "pacemark",
        }
    }

    /// The format that the name of a file tells, where it does.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        match name.rsplit_once('.')? {
            ("requests", "csv") => Some(Self::Pacemark),
            (stem, "csv") if stem.contains("burstgpt") => Some(Self::BurstGpt),
            (stem, "csv") if stem.contains("azure") => Some(Self::Azure),
            (stem, "jsonl") if stem.contains("mooncake") => Some(Self::Mooncake),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TraceFormat;

    #[test]
    fn a_name_tells_the_format_only_where_it_is_clear() {
        let of = TraceFormat::of_name;
        assert_eq!(of("mooncake_trace.jsonl"), Some(TraceFormat::Mooncake));
        assert_eq!(of("BurstGPT_1.csv"), Some(TraceFormat::BurstGpt));
        assert_eq!(of("AzureLLMInferenceTrace_conv.csv"), Some(TraceFormat::Azure));
        assert_eq!(of("requests.csv"), Some(TraceFormat::Pacemark));
        assert_eq!([of("trace.csv"), of("trace.jsonl"), of("azure")], [None; 3]);
    }
}
