//! `brisk models test`: a real request with a tool, and the same once more, to see what it is worth.

use crate::cli::exit::{Exit, Trouble};
use crate::cli::{output, served};
use crate::config::Config;
use crate::model::{Client, Estimator, Progress, Reply, Request, Timing};
use crate::protocol::{Effort, Item, ModelSpec, Price, Service, Tool, Usage, UserKind};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The second one shows what the service's cache keeps.
const REQUESTS: u64 = 2;
/// Tokens that the answer may have: a model that thinks needs more than the call takes.
const OUTPUT_TOKENS_MAX: u64 = 2048;
/// Services cache nothing that is shorter than some 1,000 tokens: so often this stands in the system text.
const FILLERS: usize = 100;
const FILLER: &str = " This sentence says nothing, so that there is something to cache.";
const PROMPT: &str = "Call the tool `add` with a = 17 and b = 25. Say nothing else.";

pub(super) fn run(config: &Config, name: &str) -> Result<Exit, Trouble> {
    let chosen = served::choose(config, name)?;
    let fallback = config.fallback(&chosen.model)?;
    for note in &chosen.notes {
        output::progress(note);
    }
    let (model, service) = (&chosen.model, &chosen.service);
    let (system, tools) = (system(), [add()]);
    let items = [Item::User { text: PROMPT.to_owned(), kind: UserKind::Prompt }];
    let request = Request {
        model,
        system: &system,
        tools: &tools,
        items: &items,
        output_tokens_max: OUTPUT_TOKENS_MAX.min(model.output),
        effort: model.effort(Effort::Low),
        verbosity: None,
        cache_key: "brisk-models-test",
    };
    row("model", &format!("{} of {}, id {}", model.name, service.name, model.id))?;
    let api = model.api.unwrap_or(service.api);
    row("dialect", &format!("{} at {}", api.name(), service.base_url))?;
    row("window", &format!("{} tokens to ask with, {} to answer", model.prompt, model.output))?;
    if let Some(fallback) = fallback {
        row("fallback", &fallback.name)?;
    }
    row("before", &before(&request))?;
    let (first, second) = served::runtime()?.block_on(async {
        let client = Client::new(Timing::default());
        let first = ask(&client, service, &request).await?;
        let second = ask(&client, service, &request).await?;
        Ok::<_, Trouble>((first, second))
    })?;
    report(model, &first, &second)
}

/// A request as it went.
struct Asked {
    reply: Reply,
    /// From the request to the first of anything.
    first: Duration,
    total: Duration,
}

async fn ask(client: &Client, service: &Service, request: &Request<'_>) -> Result<Asked, Trouble> {
    let begun = Instant::now();
    let mut first = None;
    let on = &mut |progress: Progress<'_>| match progress {
        Progress::Text(_) | Progress::Thought(_) | Progress::Arguments { .. } => {
            first.get_or_insert(begun.elapsed());
        }
        // What came of a request that failed does not count.
        Progress::Restart => first = None,
        Progress::Retry { .. } | Progress::Silent(_) | Progress::Thinking(_) => {}
    };
    let reply = client.stream(service, request, on).await?;
    let total = begun.elapsed();
    Ok(Asked { reply, first: first.unwrap_or(total), total })
}

fn report(model: &ModelSpec, first: &Asked, second: &Asked) -> Result<Exit, Trouble> {
    row("first", &format!("{:.2} s to the first token", first.first.as_secs_f64()))?;
    row("speed", &speed(first))?;
    let called = called(&first.reply.items);
    row("tool", called.as_ref().map_or_else(|wrong| wrong.as_str(), String::as_str))?;
    row("usage", &usage(first.reply.usage.as_ref()))?;
    row("cache", &cache(second.reply.usage.as_ref()))?;
    row("cost", &cost(model.price, [&first.reply, &second.reply]))?;
    match called {
        Ok(_) => Ok(Exit::Done),
        Err(_) => Err(Trouble::new(Exit::Failed, format!("{} did not call the tool as it was asked to", model.name))
            .with_hint("the agent works by tools: choose another model, or for a local server its template for tools (llama.cpp: --jinja; vLLM: --enable-auto-tool-choice)")),
    }
}

fn row(name: &str, text: &str) -> Result<(), Trouble> {
    Ok(output::line(&crate::text::clean(&format!("{name:<9} {text}")))?)
}

fn system() -> String {
    format!("You test a connection. Use the tool.{}", FILLER.repeat(FILLERS))
}

fn add() -> Tool {
    let number = json!({ "type": "integer" });
    Tool {
        name: "add",
        description: "Adds two whole numbers.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": { "a": number, "b": number },
            "required": ["a", "b"],
            "additionalProperties": false,
        }),
    }
}

/// What it will cost at most.
fn before(request: &Request<'_>) -> String {
    let input = Estimator::new().request(request);
    let output = request.output_tokens_max;
    let most = Usage { input: input * REQUESTS, output: output * REQUESTS, ..Usage::default() };
    let dollars = match request.model.price {
        Some(price) => format!("${:.4} at most", price.cost(&most)),
        None => "its price is not known".to_owned(),
    };
    format!(
        "{REQUESTS} requests, each of about {input} tokens and an answer of at most {output}: {dollars}"
    )
}

fn speed(asked: &Asked) -> String {
    let Some(usage) = &asked.reply.usage else { return "not known: no usage was told".to_owned() };
    let seconds = (asked.total - asked.first).as_secs_f64();
    // One piece, or all at once: a rate would say nothing.
    const SECONDS_MIN: f64 = 0.02;
    if seconds < SECONDS_MIN {
        return format!("{} tokens all at once", usage.output);
    }
    format!("{:.0} tokens/s ({} tokens)", usage.output as f64 / seconds, usage.output)
}

/// The call as it came, or what is wrong with it.
fn called(items: &[Item]) -> Result<String, String> {
    let calls: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            Item::Call { tool, arguments, .. } => Some((tool.as_str(), arguments.as_str())),
            _ => None,
        })
        .collect();
    match calls[..] {
        [] => Err("was not called".to_owned()),
        [(tool, arguments)] => {
            let value: Value = serde_json::from_str(arguments).unwrap_or_default();
            let right = tool == "add" && value["a"] == 17 && value["b"] == 25;
            let shown = format!("{tool} {arguments}");
            if right { Ok(format!("{shown}: right")) } else { Err(format!("{shown}: wrong")) }
        }
        _ => Err(format!("was called {} times", calls.len())),
    }
}

fn usage(usage: Option<&Usage>) -> String {
    usage.map_or_else(
        || "not told by the service".to_owned(),
        |usage| {
            let Usage { input, cached, output, reasoning, .. } = usage;
            format!("{input} new + {cached} cached in, {output} out, {reasoning} of them thought")
        },
    )
}

fn cache(usage: Option<&Usage>) -> String {
    match usage {
        None => "not told by the service".to_owned(),
        Some(usage) if usage.cached == 0 => "none of the second request was cached".to_owned(),
        Some(usage) => {
            format!("{} of {} tokens of the second request", usage.cached, usage.prompt())
        }
    }
}

fn cost(price: Option<Price>, replies: [&Reply; 2]) -> String {
    let Some(price) = price else { return "$—".to_owned() };
    let dollars = replies.map(|reply| reply.usage.as_ref().map(|usage| price.cost(usage)));
    match dollars {
        [Some(first), Some(second)] => {
            format!("${:.4}: ${first:.4}, and ${second:.4} the second time", first + second)
        }
        _ => "$—: no usage was told".to_owned(),
    }
}
