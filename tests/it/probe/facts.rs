//! What servers tell of themselves.

use pacemark::probe::{ModelFacts, Residence, ServerFacts};
use pacemark::scenario::BackendKind;

use super::server::{Answers, answer, captured, names, probe};

async fn facts(kind: BackendKind, answers: Answers, models: &[&str]) -> ServerFacts {
    probe(kind, answers).await.server_facts(&names(models)).await
}

#[tokio::test]
async fn ollama_tells_which_models_it_holds_and_loads_and_drops_them() {
    let cold = probe(BackendKind::Ollama, captured(&["ollama-native/ps-empty"])).await;
    assert_eq!(cold.residence("gpt-3.5-turbo").await.unwrap(), None);
    let loaded = captured(&["ollama-native/ps", "ollama-native/preload"]);
    let warm = probe(BackendKind::Ollama, loaded).await;
    assert_eq!(warm.residence("bge-m3").await.unwrap().unwrap().context_length, Some(512));
    warm.load_model("gpt-3.5-turbo").await.unwrap();
    let dropped = captured(&["ollama-native/ps-after", "ollama-native/unload"]);
    let dropped = probe(BackendKind::Ollama, dropped).await;
    dropped.unload_model("gpt-3.5-turbo").await.unwrap();
}

#[tokio::test]
async fn ollama_tells_digest_size_and_both_contexts() {
    let cases = ["ollama-native/version", "ollama-native/tags", "ollama-native/show"];
    let answers = captured(&[&cases[..], &["ollama-native/ps"]].concat());
    let facts = facts(BackendKind::Ollama, answers, &["gpt-3.5-turbo", "absent"]).await;
    let expected = ModelFacts {
        digest: Some("615ba691b96d985a5995dc3fc48926a2429eac81ec7c8297067ea5fa009100e8".to_owned()),
        format: Some("gguf".to_owned()),
        parameter_size: Some("135K".to_owned()),
        family: Some("llama".to_owned()),
        context_length: Some(4_096),
        trained_context_length: Some(8_192),
        residence: Some(Residence {
            size: Some(7_895_776),
            size_vram: 0,
            context_length: Some(4_096),
        }),
        ..ModelFacts::default()
    };
    assert_eq!(facts.version, Some("0.0.0".to_owned()));
    assert_eq!(facts.models["gpt-3.5-turbo"], expected);
    assert_eq!(facts.notes, [""; 0]);
}

#[tokio::test]
async fn ollama_tells_the_quantisation() {
    let show = r#"{"details": {"quantization_level": "Q4_K_M", "family": "qwen3"}}"#;
    let answers = answer(Answers::new(), "POST /api/show", 200, show);
    let facts = facts(BackendKind::Ollama, answers, &["qwen3:4b"]).await;
    assert_eq!(facts.models["qwen3:4b"].quantization, Some("Q4_K_M".to_owned()));
    assert_eq!(facts.version, None);
    assert_eq!(facts.notes.len(), 3, "{:?}", facts.notes);
}

#[tokio::test]
async fn xinference_tells_the_specification_of_its_models() {
    let version = r#"{"version": "4.1.0", "full-revisionid": null}"#;
    let answers = captured(&["xinference/models"]);
    let answers = answer(answers, "GET /v1/cluster/version", 200, version);
    let facts = facts(BackendKind::Xinference, answers, &["gpt-3.5-turbo", "bge-m3"]).await;
    let chat = ModelFacts {
        format: Some("pytorch".to_owned()),
        parameter_size: Some("1B".to_owned()),
        family: Some("llama-2-chat".to_owned()),
        engine: Some("transformers".to_owned()),
        replicas: Some(1),
        context_length: Some(4_096),
        ..ModelFacts::default()
    };
    let embedding = ModelFacts {
        format: Some("pytorch".to_owned()),
        family: Some("tiny-bge".to_owned()),
        engine: Some("sentence_transformers".to_owned()),
        replicas: Some(1),
        context_length: Some(512),
        ..ModelFacts::default()
    };
    assert_eq!(facts.version, Some("4.1.0".to_owned()));
    assert_eq!(facts.models["gpt-3.5-turbo"], chat);
    assert_eq!(facts.models["bge-m3"], embedding);
}

#[tokio::test]
async fn litellm_tells_its_version_and_what_stands_behind_a_model() {
    let answers = captured(&[
        "litellm/health-readiness",
        "litellm/health-readiness-details",
        "litellm/model-info",
    ]);
    let facts = facts(BackendKind::Litellm, answers, &["bge-m3", "absent"]).await;
    let expected =
        ModelFacts { upstream: Some("openai/bge-m3".to_owned()), ..ModelFacts::default() };
    assert_eq!(facts.version, Some("1.106.2".to_owned()));
    assert_eq!(facts.models["bge-m3"], expected);
    assert_eq!(facts.models["absent"], ModelFacts::default());
    assert_eq!(facts.notes, [""; 0]);
}

#[tokio::test]
async fn older_litellm_tells_its_version_where_it_tells_that_it_is_ready() {
    let ready = r#"{"status": "connected", "litellm_version": "1.50.0"}"#;
    let answers = answer(Answers::new(), "GET /health/readiness", 200, ready);
    let facts = facts(BackendKind::Litellm, answers, &[]).await;
    assert_eq!(facts.version, Some("1.50.0".to_owned()));
}

#[tokio::test]
async fn vllm_tells_version_context_and_weights() {
    let models = r#"{"data": [{"id": "qwen3", "root": "Qwen/Qwen3-8B", "max_model_len": 32768}]}"#;
    let answers = answer(Answers::new(), "GET /v1/models", 200, models);
    let answers = answer(answers, "GET /version", 200, r#"{"version": "0.11.0"}"#);
    let facts = facts(BackendKind::Vllm, answers, &["qwen3"]).await;
    let expected = ModelFacts {
        upstream: Some("Qwen/Qwen3-8B".to_owned()),
        context_length: Some(32_768),
        ..ModelFacts::default()
    };
    assert_eq!(facts.version, Some("0.11.0".to_owned()));
    assert_eq!(facts.models["qwen3"], expected);
}

#[tokio::test]
async fn sglang_tells_of_the_one_model_it_serves() {
    let info = r#"{"version": "0.5.4", "model_path": "Qwen/Qwen3-8B", "quantization": "fp8",
                   "context_length": 8192}"#;
    let answers = answer(Answers::new(), "GET /get_server_info", 200, info);
    let facts = facts(BackendKind::Sglang, answers, &["default"]).await;
    let expected = ModelFacts {
        quantization: Some("fp8".to_owned()),
        upstream: Some("Qwen/Qwen3-8B".to_owned()),
        context_length: Some(8_192),
        ..ModelFacts::default()
    };
    assert_eq!(facts.version, Some("0.5.4".to_owned()));
    assert_eq!(facts.models["default"], expected);
}

#[tokio::test]
async fn tgi_tells_of_the_one_model_it_serves() {
    let info = r#"{"model_id": "Qwen/Qwen3-8B", "model_sha": "9c925d6", "max_input_tokens": 4095,
                   "max_total_tokens": 4096, "version": "3.3.6"}"#;
    let answers = answer(Answers::new(), "GET /info", 200, info);
    let facts = facts(BackendKind::Tgi, answers, &["tgi"]).await;
    let expected = ModelFacts {
        digest: Some("9c925d6".to_owned()),
        upstream: Some("Qwen/Qwen3-8B".to_owned()),
        context_length: Some(4_096),
        ..ModelFacts::default()
    };
    assert_eq!(facts.version, Some("3.3.6".to_owned()));
    assert_eq!(facts.models["tgi"], expected);
}

#[tokio::test]
async fn llamacpp_tells_the_context_of_a_slot_for_any_name() {
    let props = r#"{"build_info": "b6500-0c1e570", "total_slots": 4,
                    "default_generation_settings": {"n_ctx": 512}}"#;
    let answers = answer(captured(&["llamaserver/models"]), "GET /props", 200, props);
    let facts = facts(BackendKind::Llamacpp, answers, &["any"]).await;
    let expected = ModelFacts {
        quantization: Some("all F32".to_owned()),
        format: Some("gguf".to_owned()),
        parameter_size: Some("135488".to_owned()),
        context_length: Some(512),
        trained_context_length: Some(8_192),
        ..ModelFacts::default()
    };
    assert_eq!(facts.version, Some("b6500-0c1e570".to_owned()));
    assert_eq!(facts.models["any"], expected);
}

#[tokio::test]
async fn a_server_that_tells_nothing_is_no_failure() {
    for &kind in BackendKind::ALL {
        let facts = facts(kind, Answers::new(), &["m"]).await;
        assert_eq!(facts.version, None, "{kind}");
        assert_eq!(facts.models["m"].digest, None, "{kind}");
        assert!(!facts.notes.is_empty(), "{kind}");
    }
}
