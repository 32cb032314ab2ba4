//! What is sent.

use serde_json::{Value as Json, json};

use super::choice::{EncodingFormat, ImageDetail};
use super::decode::{Decode, unexpected};
use super::distribution::{DistributionFile, Items, Seconds, Tokens};
use super::list::List;
use super::mapping::mapping;
use super::prompt_file::PromptFileSource;
use super::quantity::Whole;
use super::synthetic::SyntheticPrompts;
use super::text::{FilePath, JsonObject, Name};
use super::trace_file::TraceSource;
use crate::openai::Endpoint;
use crate::scenario::batch::LARGEST_BATCH;
use crate::scenario::problem::Problems;
use crate::scenario::tree::{Node, Value};
use crate::scenario::workload::PictureFormat;

/// More prompts than this belong into a file.
const MOST_INLINE_PROMPTS: usize = 10_000;
/// No model answers with more.
const MOST_OUTPUT_TOKENS: u64 = 10_000_000;
/// No model makes longer vectors.
const MOST_DIMENSIONS: u64 = 1_000_000;
/// More pictures than anybody names one by one.
const MOST_PICTURES: usize = 1_024;
/// Servers take fewer.
const MOST_PICTURES_PER_REQUEST: u64 = 64;
/// Servers scale larger ones down.
const WIDEST_PICTURE: u64 = 8_192;
/// A list longer than the backends there can be.
const MOST_NAMES: usize = 64;

mapping! {
    /// One kind of request.
    WorkloadFile {
        /// Where it is sent: `chat`, `completions`, `responses`, `embeddings` or `rerank`.
        required endpoint: Endpoint,
        /// An alias from the backends' `models`, or a name that is sent as it is.
        required model: Name,
        /// Whether the answer is asked for as a stream.
        optional stream: bool = "true, but false for embeddings and rerank",
        /// System message of a chat, `instructions` of a response; for these only.
        optional system: String,
        /// Turns of a conversation; for chat only. The answers of the server are its history.
        optional turns: DistributionFile<Tokens>,
        /// Pause between an answer and the next turn. Needs `turns`.
        optional think_time: DistributionFile<Seconds>,
        /// The prompts: a list of texts, `{file: …}` or `{synthetic: …}`. For rerank, the queries.
        required prompts: PromptsFile,
        /// Pictures that go with each prompt; for chat only.
        optional images: ImagesFile,
        /// Most output tokens asked for; not for embeddings and rerank.
        optional max_tokens: Whole<1, MOST_OUTPUT_TOKENS> = "the server's own limit",
        /// Tokens each answer is to have, forced as far as the server allows; not for embeddings.
        optional output_tokens: DistributionFile<Tokens> = "the model decides",
        /// A Hugging Face `tokenizer.json`, relative to the scenario's folder: the model's own. Makes
        /// lengths exact, and counts tokens beside the server.
        optional tokenizer: FilePath,
        /// Fields added to the request body, after the backend's; `null` deletes a field.
        optional body: JsonObject,
        /// The backends that run it.
        optional backends: List<Name, MOST_NAMES> = "all",
        /// Texts per request for embeddings, documents per query for rerank: a number, or a
        /// distribution that is drawn from for each request.
        optional batch: DistributionFile<Items> = "1 for embeddings; rerank with `documents` needs it",
        /// The documents that a query ranks, as `prompts` are given; for rerank only.
        optional documents: DocumentsFile = "those that each row of the prompts brings along",
        /// How many of the documents are wanted back, the best first; for rerank only.
        optional top_n: Whole<1, LARGEST_BATCH> = "all",
        /// Whether their texts are wanted back as well; for rerank only.
        optional return_documents: bool = "the server's own choice",
        /// Numbers of each vector; for embeddings only.
        optional dimensions: Whole<1, MOST_DIMENSIONS> = "the model's own",
        /// How vectors are sent: `float` or `base64`; for embeddings only.
        optional encoding_format: EncodingFormat = "the server's own choice",
        /// Whether it has cells of its own.
        optional alone: bool = "`true`, but `false` where a mix takes it in",
    }
    later {}
}

mapping! {
    /// Pictures that go with each prompt: from `files`, or painted by `width` and `height`.
    ImagesFile {
        /// The files (PNG, JPEG, WebP or GIF), relative to the scenario's folder, taken in turn.
        optional files: List<FilePath, MOST_PICTURES>,
        /// Pictures in each request.
        optional count: Whole<1, MOST_PICTURES_PER_REQUEST> = "1 a request",
        /// Width of painted pictures, in pixels; each is another picture.
        optional width: Whole<1, WIDEST_PICTURE>,
        /// Their height, in pixels.
        optional height: Whole<1, WIDEST_PICTURE>,
        /// The format of painted pictures: `png` or `jpeg`.
        optional format: PictureFormat = "`png`",
        /// How closely they are to be looked at: `low`, `high` or `auto`.
        optional detail: ImageDetail = "the server's own choice",
    }
    later {}
}

/// Where prompts come from.
#[derive(Clone, Debug)]
pub(in crate::scenario) enum PromptsFile {
    /// Written in the scenario.
    Inline(List<String, MOST_INLINE_PROMPTS>),
    /// In a file.
    File(Box<PromptFileSource>),
    /// Made.
    Synthetic(Box<SyntheticPrompts>),
    /// Made, by the lengths in a recording.
    Trace(Box<TraceSource>),
}

/// Where documents come from: what prompts come from.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct DocumentsFile(pub(in crate::scenario) PromptsFile);

impl Decode for DocumentsFile {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        PromptsFile::decode(node, problems).map(Self)
    }

    fn schema() -> Json {
        json!({"$ref": "#/properties/workloads/additionalProperties/anyOf/0/properties/prompts"})
    }
}

impl Decode for PromptsFile {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::List(_) => List::decode(node, problems).map(Self::Inline),
            Value::Map(_) if node.get("synthetic").is_some() => {
                SyntheticPrompts::decode(node, problems).map(Box::new).map(Self::Synthetic)
            }
            Value::Map(_) if node.get("trace").is_some() => {
                TraceSource::decode(node, problems).map(Box::new).map(Self::Trace)
            }
            Value::Map(_) => PromptFileSource::decode(node, problems).map(Box::new).map(Self::File),
            Value::Text(_) => unexpected(node, PROMPTS_FOR_TEXT, problems),
            _ => unexpected(node, "a list of texts, `{file: …}` or `{synthetic: …}`", problems),
        }
    }

    fn schema() -> Json {
        json!({"anyOf": [
            List::<String, MOST_INLINE_PROMPTS>::schema(),
            PromptFileSource::schema(),
            SyntheticPrompts::schema(),
            TraceSource::schema(),
        ]})
    }
}

const PROMPTS_FOR_TEXT: &str =
    "a list of texts, `{file: …}` or `{synthetic: …}`; write `[…]` even around a single prompt";
