//! From the chunks of a GenerateContent stream to a reply.

use super::counts::Counts;
use super::part::{self, Kind, Piece};
use crate::model::decoder::{Decoded, On, Phase};
use crate::model::dialect::Decode;
use crate::model::trouble::{Refusal, ServiceError, Trouble, retry_delay};
use crate::model::{Progress, Request, Stop};
use crate::protocol::Item;
use serde_json::{Map, Value};

#[derive(Default)]
pub(super) struct Decoder {
    phase: Phase,
    pieces: Vec<Piece>,
    counts: Counts,
    finish: String,
    /// Why the prompt got no reply.
    blocked: Option<String>,
}

impl Decode for Decoder {
    fn event(&mut self, _: &str, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        self.chunk(value, on)
    }

    /// All chunks in one array, from a service or a proxy that lost `alt=sse`, or a single one.
    fn whole(&mut self, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        match value {
            Value::Array(chunks) => chunks.iter().try_for_each(|chunk| self.chunk(chunk, on)),
            chunk => self.chunk(chunk, on),
        }
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    fn finish(self: Box<Self>, request: &Request<'_>) -> Decoded {
        let model = &request.model.id;
        let items: Vec<Item> = self.pieces.into_iter().map(|piece| piece.item(model)).collect();
        let calls = items.iter().any(|item| matches!(item, Item::Call { .. }));
        let stop = match self.finish.as_str() {
            _ if self.blocked.is_some() => Stop::Refused(self.blocked),
            "MAX_TOKENS" => Stop::Length,
            "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" => {
                Stop::Filtered
            }
            _ if calls => Stop::Calls,
            "STOP" | "FINISH_REASON_UNSPECIFIED" | "" => Stop::Done,
            other => Stop::Other(other.to_owned()),
        };
        Decoded { items, usage: self.counts.total(), stop }
    }
}

impl Decoder {
    fn chunk(&mut self, chunk: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        let failed = chunk.get("candidates").is_none() || chunk.get("error").is_some();
        if let (true, Some(error)) = (failed, ServiceError::read(chunk)) {
            let retry_after = retry_delay(chunk);
            return Err(Trouble::Status(Refusal { retry_after, ..Refusal::of_stream(error) }));
        }
        self.counts.add(chunk.get("usageMetadata"));
        if let Some(reason) = chunk.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
            let said = chunk.pointer("/promptFeedback/blockReasonMessage").and_then(Value::as_str);
            self.blocked = Some(format!("the prompt was blocked: {}", said.unwrap_or(reason)));
            self.phase = Phase::Stopped;
        }
        let Some(candidate) = chunk.pointer("/candidates/0") else { return Ok(()) };
        let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
        for part in parts.into_iter().flatten().filter_map(Value::as_object) {
            self.part(part, on);
        }
        let Some(reason) = candidate.get("finishReason").and_then(Value::as_str) else {
            return Ok(());
        };
        if matches!(
            reason,
            "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "MALFORMED_RESPONSE"
        ) {
            let said = candidate.get("finishMessage").and_then(Value::as_str);
            return Err(Trouble::BadCall(said.unwrap_or(reason).to_owned()));
        }
        reason.clone_into(&mut self.finish);
        self.phase = Phase::Stopped;
        Ok(())
    }

    fn part(&mut self, part: &Map<String, Value>, on: &mut On<'_>) {
        let kind = part::kind(part);
        let text = part::text(part);
        match kind {
            Kind::Text if !text.is_empty() => on(Progress::Text(text)),
            Kind::Thought if !text.is_empty() => on(Progress::Thought(text)),
            Kind::Call => {
                let function = &part["functionCall"];
                let bytes = function.get("args").map_or(0, |args| args.to_string().len() as u64);
                let tool = function.get("name").and_then(Value::as_str).unwrap_or_default();
                on(Progress::Arguments { tool, bytes });
            }
            Kind::Text | Kind::Thought | Kind::Other => {}
        }
        // An empty text says something only by what stands beside it.
        let says_nothing =
            part.iter().all(|(name, value)| name == "thought" || (name == "text" && value == ""));
        let joins = matches!(kind, Kind::Text | Kind::Thought);
        match self.pieces.last_mut().filter(|last| joins && last.kind == kind) {
            _ if says_nothing => {}
            Some(last) => last.add(part.clone()),
            None => self.pieces.push(Piece::new(kind, part.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::body;
    use crate::model::decoder::Decoder as AnyDecoder;
    use crate::model::sample::{cut, decode, decode_chunks, prompt, request, service, stream};
    use crate::protocol::{Api, Usage};
    use proptest::prelude::*;
    use serde_json::json;

    fn chunk(parts: &Value) -> Value {
        json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "index": 0 }],
            "usageMetadata": { "promptTokenCount": 11, "totalTokenCount": 11 } })
    }

    fn finish(reason: &str) -> Value {
        json!({ "candidates": [{ "finishReason": reason, "index": 0 }],
            "usageMetadata": { "promptTokenCount": 11, "cachedContentTokenCount": 4,
                "candidatesTokenCount": 20, "thoughtsTokenCount": 29, "totalTokenCount": 60 } })
    }

    fn decoded(data: &[Value]) -> Decoded {
        decode(Api::Gemini, &stream(data), 7).expect("a reply").0
    }

    fn trouble(data: &Value) -> Trouble {
        decode(Api::Gemini, &stream(std::slice::from_ref(data)), 9).expect_err("trouble")
    }

    /// Thoughts, text, two calls of which the first is signed and named, as the service sends it.
    fn reply() -> Vec<Value> {
        vec![
            chunk(&json!([{ "text": "**Look", "thought": true }])),
            chunk(&json!([{ "text": "ing**", "thought": true }])),
            chunk(&json!([{ "text": "I " }])),
            chunk(&json!([{ "text": "look. 🦀" }, {
                "functionCall": { "id": "x1", "name": "run", "args": { "z": 1.50, "a": [true] } },
                "thoughtSignature": "CiQB/+=é" }])),
            chunk(&json!([{ "functionCall": { "name": "run" } }])),
            chunk(&json!([{ "text": "", "thoughtSignature": "tail" }])),
            chunk(&json!([{ "text": "" }])),
            finish("STOP"),
        ]
    }

    #[test]
    fn thoughts_text_and_calls_are_items_in_their_order() {
        let (decoded, text, thought) = decode(Api::Gemini, &stream(&reply()), 5).expect("a reply");
        assert_eq!((text.as_str(), thought.as_str()), ("I look. 🦀", "**Looking**"));
        assert_eq!(decoded.stop, Stop::Calls);
        let short = |item: &Item| match item {
            Item::Thought { text, .. } => format!("thought {text}"),
            Item::Assistant { text, .. } => format!("text {text}"),
            Item::Call { call, tool, arguments, .. } => {
                let given = if call.0 == "x1" { "x1" } else { "new" };
                format!("{given} {tool} {arguments}")
            }
            other => format!("{other:?}"),
        };
        let shorts: Vec<_> = decoded.items.iter().map(short).collect();
        let expected = [
            "thought **Looking**",
            "text I look. 🦀",
            "x1 run {\"z\":1.5,\"a\":[true]}",
            "new run {}",
            "thought ",
        ];
        assert_eq!(shorts, expected);
        let expected = Usage {
            input: 7,
            cached: 4,
            cache_write: 0,
            output: 49,
            reasoning: 29,
            estimated: false,
        };
        assert_eq!(decoded.usage, Some(expected));
    }

    #[test]
    fn what_came_goes_back_as_it_came() {
        let mut items = vec![prompt("p")];
        items.extend(decoded(&reply()).items);
        let mut body = body(&service(Api::Gemini, ""), &request(&items));
        let expected = json!([
            { "text": "**Looking**", "thought": true },
            { "text": "I look. 🦀" },
            { "functionCall": { "id": "x1", "name": "run", "args": { "z": 1.50, "a": [true] } },
              "thoughtSignature": "CiQB/+=é" },
            { "functionCall": { "name": "run", "args": {} } },
            { "text": "", "thoughtSignature": "tail" },
        ]);
        assert_eq!(body["contents"][1]["parts"].take().to_string(), expected.to_string());
    }

    #[test]
    fn a_signed_text_is_not_joined_with_another_and_is_shown_as_one() {
        let parts = json!([
            { "text": "a" }, { "text": "b" }, { "text": "c", "thoughtSignature": "s" },
            { "text": "d" }, { "text": "e" }, { "text": "", "thoughtSignature": "t" },
        ]);
        let decoded = decoded(&[chunk(&parts), finish("STOP")]);
        let [Item::Assistant { text, .. }] = &decoded.items[..] else { panic!("{decoded:?}") };
        assert_eq!(text, "abcde");
        let mut items = vec![prompt("p")];
        items.extend(decoded.items.clone());
        let mut body = body(&service(Api::Gemini, ""), &request(&items));
        let expected = json!([
            { "text": "ab" }, { "text": "c", "thoughtSignature": "s" },
            { "text": "de" }, { "text": "", "thoughtSignature": "t" },
        ]);
        assert_eq!(body["contents"][1]["parts"].take(), expected);
    }

    #[test]
    fn a_part_that_is_not_known_goes_back_too() {
        let part = json!({ "executableCode": { "language": "PYTHON", "code": "1" }, "x": 1e2 });
        let reply = [chunk(&json!([{ "text": "a" }, part])), finish("STOP")];
        let mut items = vec![prompt("p")];
        items.extend(decoded(&reply).items);
        let body = body(&service(Api::Gemini, ""), &request(&items));
        assert_eq!(body["contents"][1]["parts"][1], part);
    }

    #[test]
    fn ends_are_told_apart() {
        let stop = |reason| decoded(&[chunk(&json!([{ "text": "a" }])), finish(reason)]).stop;
        assert_eq!(stop("STOP"), Stop::Done);
        assert_eq!(stop("MAX_TOKENS"), Stop::Length);
        for reason in
            ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"]
        {
            assert_eq!(stop(reason), Stop::Filtered, "{reason}");
        }
        assert_eq!(stop("TOO_MANY_TOOL_CALLS"), Stop::Other("TOO_MANY_TOOL_CALLS".into()));
        let blocked = json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" },
            "usageMetadata": { "promptTokenCount": 9 } });
        let decoded = decoded(&[blocked]);
        let why = "the prompt was blocked: PROHIBITED_CONTENT".to_owned();
        assert_eq!((decoded.stop, decoded.items), (Stop::Refused(Some(why)), vec![]));
    }

    #[test]
    fn a_call_that_the_service_could_not_read_is_trouble() {
        let mut last = finish("MALFORMED_FUNCTION_CALL");
        last["candidates"][0]["finishMessage"] = "Malformed function call: run(".into();
        assert_eq!(trouble(&last), Trouble::BadCall("Malformed function call: run(".into()));
        let bare = finish("UNEXPECTED_TOOL_CALL");
        assert_eq!(trouble(&bare), Trouble::BadCall("UNEXPECTED_TOOL_CALL".into()));
    }

    #[test]
    fn an_error_in_the_stream_says_how_long_to_wait() {
        let error = json!({ "error": { "code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED",
            "details": [{ "retryDelay": "37s" }] } });
        let Trouble::Status(refusal) = trouble(&error) else { panic!("no refusal") };
        let wait = std::time::Duration::from_secs(37);
        assert_eq!((refusal.status, refusal.retry_after), (429, Some(wait)));
    }

    #[test]
    fn chunks_in_an_array_are_a_reply_too() {
        let mut text = String::new();
        let mut decoder = AnyDecoder::new(&service(Api::Gemini, ""), &request(&[]));
        let whole = Value::from(reply());
        decoder
            .whole(&whole, &mut |progress| {
                if let Progress::Text(more) = progress {
                    text.push_str(more);
                }
            })
            .expect("a reply");
        assert_eq!(text, "I look. 🦀");
        assert_eq!(decoder.finish(&request(&[])).stop, Stop::Calls);
        let mut decoder = AnyDecoder::new(&service(Api::Gemini, ""), &request(&[]));
        let broken = json!([chunk(&json!([])), { "error": { "code": 503, "message": "m" } }]);
        let trouble = decoder.whole(&broken, &mut |_| {}).expect_err("trouble");
        assert!(matches!(trouble, Trouble::Status(refusal) if refusal.status == 503));
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_a_stream_says(
            sizes in proptest::collection::vec(1usize..64, 1..40),
        ) {
            // What has no name gets one by chance.
            let mut data = reply();
            data[4]["candidates"][0]["content"]["parts"][0]["functionCall"]["id"] = "x2".into();
            let bytes = stream(&data);
            let whole = decode(Api::Gemini, &bytes, bytes.len()).expect("a reply");
            let cut = decode_chunks(Api::Gemini, cut(&bytes, &sizes)).expect("a reply");
            prop_assert_eq!(cut, whole);
        }
    }
}
