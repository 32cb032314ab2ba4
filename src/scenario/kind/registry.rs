//! The list of kinds.

use std::fmt;

use super::preset::Preset;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $module:ident,)+) => {
        /// Which server a backend is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum BackendKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl BackendKind {
            /// Every kind, in the order of lists for people.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// What the kind takes for granted.
            pub const fn preset(self) -> Preset {
                match self {
                    $(Self::$kind => super::$module::PRESET,)+
                }
            }
        }
    };
}

kinds! {
    /// Ollama.
    Ollama = ollama,
    /// The LiteLLM proxy.
    Litellm = litellm,
    /// XInference.
    Xinference = xinference,
    /// OpenAI itself.
    Openai = openai,
    /// OpenRouter.
    Openrouter = openrouter,
    /// Together AI.
    Together = together,
    /// vLLM.
    Vllm = vllm,
    /// SGLang.
    Sglang = sglang,
    /// Hugging Face's Text Generation Inference.
    Tgi = tgi,
    /// Infinity.
    Infinity = infinity,
    /// llama.cpp's own server.
    Llamacpp = llamacpp,
    /// Any other server that speaks the OpenAI API.
    Generic = generic,
    /// The simulated server inside this process.
    Mock = mock,
}

impl BackendKind {
    /// Its name in scenarios, flags and files.
    pub const fn key(self) -> &'static str {
        self.preset().key
    }

    /// The kind of that name, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.key() == key)
    }
}

/// Its name in scenarios.
impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::BackendKind;

    #[test]
    fn every_kind_is_found_by_its_name_and_by_no_other() {
        for &kind in BackendKind::ALL {
            assert_eq!(BackendKind::from_key(kind.key()), Some(kind));
        }
        assert_eq!(BackendKind::from_key("Ollama"), None);
    }
}
