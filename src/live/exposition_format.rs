//! The formats that Prometheus reads, and which of them a client gets.

/// A format that Prometheus reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpositionFormat {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    Prometheus,
}

impl ExpositionFormat {
    /// What a client likes best, by its `Accept` header: OpenMetrics only where it is named, in
    /// this version or in any, and liked no less than plain text.
    ///
    /// # Source
    ///
    /// RFC 9110, 12.5.1: `Accept`, and 12.4.2: weights.
    pub fn accepted_by(header: &str) -> Self {
        let openmetrics = weight(header, "application/openmetrics-text", "1.0.0");
        let is_liked = openmetrics > 0.0 && openmetrics >= weight(header, "text/plain", "0.0.4");
        if is_liked { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// Its `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// How well `accept` likes a format of this version, from 0 (not at all) to 1.
fn weight(accept: &str, format: &str, version: &str) -> f64 {
    let weights = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_meant = parts.next()?.eq_ignore_ascii_case(format);
        let parameters = parts.filter_map(|part| part.split_once('='));
        let parameter = |wanted: &str| {
            let mut parameters = parameters.clone();
            parameters.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        let has_version = parameter("version").is_none_or(|it| it.trim_matches('"') == version);
        let weight = parameter("q").and_then(|q| q.parse().ok()).unwrap_or(1.0);
        (is_meant && has_version).then_some(weight)
    });
    weights.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::ExpositionFormat;

    #[test]
    fn openmetrics_is_for_those_who_name_it_and_like_it() {
        // As Prometheus asks: each version with its weight.
        let prometheus = [
            "application/openmetrics-text;version=1.0.0;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,\
             */*;q=0.2",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
             text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        ];
        let others = ["application/openmetrics-text", "Application/OpenMetrics-Text; Q=0.1"];
        for header in prometheus.into_iter().chain(others) {
            assert_eq!(ExpositionFormat::accepted_by(header), ExpositionFormat::OpenMetrics);
        }
        for header in [
            "",
            "*/*",
            "text/html",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=0.1, text/plain",
            "application/openmetrics-text;version=0.0.1",
        ] {
            assert_eq!(ExpositionFormat::accepted_by(header), ExpositionFormat::Prometheus);
        }
    }
}
