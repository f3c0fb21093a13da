//! What the servers of Chat Completions differ in, as one table.

use crate::model::dialect::{host, is_azure};
use crate::protocol::{Api, ModelSpec, Service};

/// Who serves, as far as its address or its name in the config tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    OpenAi,
    Azure,
    OpenRouter,
    Groq,
    DeepSeek,
    Mistral,
    GitHubModels,
    /// Gemini by the wire of OpenAI.
    Gemini,
    Copilot,
    Ollama,
    LlamaCpp,
    LmStudio,
    Vllm,
    Other,
}

/// What a server takes. What is not said here it is not sent, for it may refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manners {
    pub limit: Limit,
    /// Whether a model with efforts takes its system text from a developer.
    pub developer: bool,
    pub effort: EffortAs,
    pub verbosity: bool,
    /// The field that takes the same word for all requests of a conversation, so that they go where
    /// its beginning is in a cache.
    pub cache_key: Option<&'static str>,
    /// Whether it makes one call at a time unless it is told otherwise.
    pub parallel: bool,
    /// What is to be asked for so that the figures come; most need it.
    pub figures: &'static [FiguresAs],
    /// The fields of a reply's reasoning that it takes back.
    pub back: &'static [&'static str],
}

/// The name of the output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// `max_completion_tokens`
    Completion,
    /// `max_tokens`
    Tokens,
    /// As OpenAI has it for its models with efforts, which refuse the other name.
    ByModel,
}

/// How the effort is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EffortAs {
    /// `reasoning_effort`
    Field,
    /// `reasoning: { effort }`
    Object,
    /// To the template of the model's prompt: `chat_template_kwargs`
    Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FiguresAs {
    /// `stream_options: { include_usage }`
    StreamOptions,
    /// `usage: { include }`
    Usage,
}

/// Copilot's reasoning, and what only it understands of it.
pub(super) const REASONING_TEXT: &str = "reasoning_text";
pub(super) const REASONING_OPAQUE: &str = "reasoning_opaque";
pub(super) const REASONING_CONTENT: &str = "reasoning_content";
pub(super) const REASONING: &str = "reasoning";
/// OpenRouter's own record of the reasoning.
pub(super) const REASONING_DETAILS: &str = "reasoning_details";

const PLAIN: Manners = Manners {
    limit: Limit::Tokens,
    developer: false,
    effort: EffortAs::Field,
    verbosity: false,
    cache_key: None,
    parallel: false,
    figures: &[FiguresAs::StreamOptions],
    back: &[],
};

/// Local servers pass over what they do not know.
const LOCAL: Manners = Manners { back: &[REASONING_CONTENT, REASONING], ..PLAIN };

impl Server {
    pub(super) fn of(service: &Service) -> Self {
        let host = host(&service.base_url);
        let by_host = |(ending, server): &(&str, Server)| {
            let rest = host.strip_suffix(ending)?;
            (rest.is_empty() || rest.ends_with('.')).then_some(*server)
        };
        const HOSTS: [(&str, Server); 10] = [
            ("api.openai.com", Server::OpenAi),
            ("openrouter.ai", Server::OpenRouter),
            ("api.groq.com", Server::Groq),
            ("api.deepseek.com", Server::DeepSeek),
            ("mistral.ai", Server::Mistral),
            ("models.github.ai", Server::GitHubModels),
            ("models.inference.ai.azure.com", Server::GitHubModels),
            ("generativelanguage.googleapis.com", Server::Gemini),
            ("githubcopilot.com", Server::Copilot),
            ("ollama.com", Server::Ollama),
        ];
        if host.starts_with("copilot-api.") || service.api == Api::Copilot {
            return Server::Copilot;
        }
        if is_azure(&host) {
            return Server::Azure;
        }
        let by_host = HOSTS.iter().find_map(by_host);
        by_host
            .or_else(|| by_name(&service.name))
            .or_else(|| by_port(&service.base_url))
            .unwrap_or(Server::Other)
    }

    pub(super) const fn manners(self) -> Manners {
        match self {
            Server::OpenAi => Manners {
                limit: Limit::Completion,
                developer: true,
                verbosity: true,
                cache_key: Some("prompt_cache_key"),
                ..PLAIN
            },
            Server::Azure => {
                Manners { limit: Limit::Completion, developer: true, verbosity: true, ..PLAIN }
            }
            Server::OpenRouter => Manners {
                effort: EffortAs::Object,
                verbosity: true,
                cache_key: Some("session_id"),
                figures: &[FiguresAs::StreamOptions, FiguresAs::Usage],
                back: &[REASONING_DETAILS],
                ..PLAIN
            },
            Server::Groq => Manners { limit: Limit::Completion, ..PLAIN },
            Server::DeepSeek => Manners { back: &[REASONING_CONTENT], ..PLAIN },
            // It gives its figures unasked, and refuses every field that it does not know.
            Server::Mistral => Manners { figures: &[], ..PLAIN },
            Server::GitHubModels => Manners { limit: Limit::ByModel, ..PLAIN },
            Server::Gemini => PLAIN,
            Server::Copilot => Manners {
                limit: Limit::ByModel,
                back: &[REASONING_TEXT, REASONING_OPAQUE, REASONING_CONTENT],
                ..PLAIN
            },
            Server::LlamaCpp => Manners { effort: EffortAs::Template, parallel: true, ..LOCAL },
            Server::Ollama | Server::LmStudio | Server::Vllm => LOCAL,
            Server::Other => Manners {
                verbosity: true,
                parallel: true,
                back: &[REASONING_CONTENT, REASONING, REASONING_DETAILS],
                ..PLAIN
            },
        }
    }
}

/// Local servers, wherever they listen, and Azure behind an address of the company's own.
fn by_name(name: &str) -> Option<Server> {
    match name.to_ascii_lowercase().as_str() {
        "azure" => Some(Server::Azure),
        "ollama" => Some(Server::Ollama),
        "llamacpp" | "llama.cpp" | "llama-cpp" | "llama-server" => Some(Server::LlamaCpp),
        "lmstudio" | "lm-studio" => Some(Server::LmStudio),
        "vllm" => Some(Server::Vllm),
        _ => None,
    }
}

/// The ports that local servers listen on unless they are told otherwise.
fn by_port(base_url: &str) -> Option<Server> {
    let url = reqwest::Url::parse(base_url).ok()?;
    match (url.scheme(), url.port()?) {
        ("http", 11434) => Some(Server::Ollama),
        ("http", 8080) => Some(Server::LlamaCpp),
        ("http", 1234) => Some(Server::LmStudio),
        ("http", 8000) => Some(Server::Vllm),
        _ => None,
    }
}

/// The model as its maker names it, in lower case: without what OpenRouter and others put before.
fn family(model: &ModelSpec) -> String {
    let id = model.id.rsplit('/').next().unwrap_or_default();
    id.to_ascii_lowercase()
}

/// Whether this is a model of OpenAI that thinks, and so refuses `max_tokens`.
pub(super) fn thinks_as_openai(model: &ModelSpec) -> bool {
    let family = family(model);
    let numbered =
        family.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    numbered || family.starts_with("gpt-") && !model.efforts.is_empty()
}

/// Whether Mistral's rules hold, wherever the model is served: the templates of its models have them.
pub(super) fn is_of_mistral(server: Server, model: &ModelSpec) -> bool {
    const NAMES: [&str; 6] =
        ["mistral", "mixtral", "ministral", "codestral", "devstral", "magistral"];
    let family = family(model);
    server == Server::Mistral || NAMES.iter().any(|name| family.contains(name))
}

/// Whether a reply's reasoning goes back after the turn that it belongs to. Of DeepSeek's models and
/// of those that follow them a call is refused without its reasoning; of R1 it is refused with it.
pub(super) fn keeps_past_reasoning(model: &ModelSpec) -> bool {
    const NAMES: [&str; 4] = ["deepseek", "kimi", "glm", "minimax"];
    let family = family(model);
    NAMES.iter().any(|name| family.contains(name)) && !family.contains("r1")
}

/// Whether the prompt is cached only if that is asked for: Claude, of those whom OpenRouter serves.
pub(super) fn is_asked_to_cache(server: Server, model: &ModelSpec) -> bool {
    server == Server::OpenRouter && model.id.starts_with("anthropic/")
}

/// Whether Groq has to be told to send the reasoning apart from the answer. It refuses to be told of
/// models that do not think, and of gpt-oss, which does it anyway.
pub(super) fn is_told_to_part(server: Server, model: &ModelSpec) -> bool {
    const NAMES: [&str; 3] = ["qwen3", "qwq", "deepseek-r1"];
    server == Server::Groq && NAMES.iter().any(|name| family(model).contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn server(name: &str, base_url: &str) -> Server {
        let service = sample::service(Api::OpenaiChat, base_url);
        Server::of(&Service { name: name.into(), ..service })
    }

    #[test]
    fn servers_are_known_by_host_name_and_port() {
        let by_host = [
            ("https://api.openai.com/v1", Server::OpenAi),
            ("https://acme.openai.azure.com/openai/v1", Server::Azure),
            ("https://acme.services.ai.azure.com/openai/v1", Server::Azure),
            ("https://openrouter.ai/api/v1", Server::OpenRouter),
            ("https://api.groq.com/openai/v1", Server::Groq),
            ("https://api.deepseek.com", Server::DeepSeek),
            ("https://api.mistral.ai/v1", Server::Mistral),
            ("https://codestral.mistral.ai/v1", Server::Mistral),
            ("https://models.github.ai/inference", Server::GitHubModels),
            ("https://generativelanguage.googleapis.com/v1beta/openai", Server::Gemini),
            ("https://api.githubcopilot.com", Server::Copilot),
            ("https://copilot-api.acme.ghe.com", Server::Copilot),
            ("http://127.0.0.1:11434/v1", Server::Ollama),
            ("http://localhost:8080/v1", Server::LlamaCpp),
            ("http://[::1]:1234/v1", Server::LmStudio),
            ("http://10.0.0.7:8000/v1", Server::Vllm),
            ("http://127.0.0.1:4000/v1", Server::Other),
            ("https://evilapi.openai.com.example/v1", Server::Other),
            ("https://notmistral.ai/v1", Server::Other),
        ];
        for (base_url, expected) in by_host {
            assert_eq!(server("acme", base_url), expected, "{base_url}");
        }
        assert_eq!(server("vllm", "https://models.acme.example/v1"), Server::Vllm);
        assert_eq!(server("azure", "https://gateway.acme.example/openai/v1"), Server::Azure);
        assert_eq!(server("ollama", "http://127.0.0.1:9999/v1"), Server::Ollama);
        // Where OpenAI's own entry points elsewhere, something else answers there.
        assert_eq!(server("openai", "http://127.0.0.1:4000/v1"), Server::Other);
    }

    #[test]
    fn what_goes_for_a_model_wherever_it_is_served_is_known_by_its_id() {
        let model = |id: &str| ModelSpec::plain("m", id, "acme", 1, 1);
        assert!(is_of_mistral(Server::Other, &model("mistralai/Devstral-Small-2")));
        assert!(is_of_mistral(Server::Mistral, &model("labs-x")));
        assert!(!is_of_mistral(Server::Other, &model("qwen3")));
        assert!(keeps_past_reasoning(&model("deepseek-v4-pro")));
        assert!(!keeps_past_reasoning(&model("deepseek-r1:8b")));
        assert!(!keeps_past_reasoning(&model("qwen3")));
        assert!(is_told_to_part(Server::Groq, &model("qwen/qwen3-32b")));
        assert!(!is_told_to_part(Server::Groq, &model("openai/gpt-oss-120b")));
        assert!(!is_told_to_part(Server::Vllm, &model("qwen/qwen3-32b")));
        assert!(is_asked_to_cache(Server::OpenRouter, &model("anthropic/claude-opus-5.5")));
        assert!(!is_asked_to_cache(Server::OpenRouter, &model("openai/gpt-5.1")));
        assert!(!is_asked_to_cache(Server::Other, &model("anthropic/claude-opus-5.5")));
        assert!(thinks_as_openai(&model("openai/o4-mini")));
        assert!(!thinks_as_openai(&model("openai/gpt-4.1")));
        assert!(!thinks_as_openai(&model("olmo")));
    }
}
