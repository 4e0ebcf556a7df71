//! Why a question got no answer, as Prometheus's HTTP API classes it.

/// A refusal: its class decides `errorType` and the HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The question makes no sense, or asks for what is not known here.
    #[error("{0}")]
    BadData(String),
    /// The question makes sense, but these samples do not allow an answer.
    #[error("{0}")]
    Execution(String),
    /// The answer would take longer than a query may.
    #[error("query timed out in expression evaluation")]
    Timeout,
}

impl Refusal {
    pub fn bad_data(text: impl Into<String>) -> Self {
        Self::BadData(text.into())
    }

    pub fn execution(text: impl Into<String>) -> Self {
        Self::Execution(text.into())
    }

    /// `errorType` of the answer.
    pub fn class(&self) -> &'static str {
        match self {
            Self::BadData(_) => "bad_data",
            Self::Execution(_) => "execution",
            Self::Timeout => "timeout",
        }
    }

    /// The HTTP status that goes with the class.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadData(_) => 400,
            Self::Execution(_) => 422,
            Self::Timeout => 503,
        }
    }
}
