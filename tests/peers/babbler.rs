//! A model of a few hundred kilobytes for llama.cpp, made here: it babbles, and it calls tools.
//!
//! A llama of one layer whose weights are zero but for the last matrix: what comes next depends on
//! the last token alone. After the line break that begins its reply it either calls a tool or says some
//! letters; what a call must look like, llama.cpp's own grammar sees to: what never comes by itself
//! comes where the grammar allows nothing else.

use std::path::Path;

const EMBEDDING: usize = 384;
const FEED_FORWARD: usize = 32;
const CONTEXT: u32 = 131_072;
/// What never comes, as the logarithm of a probability.
const NEVER: f32 = -30.0;
/// The space as the vocabulary writes it.
const SPACE: &str = "\u{2581}";

const TEMPLATE: &str = "\
{%- if tools %}{{- '<|im_start|>system\\n' }}\
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}\
{{- \"# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\n\
You are provided with function signatures within <tools></tools> XML tags:\\n<tools>\" }}\
{%- for tool in tools %}{{- \"\\n\" }}{{- tool | tojson }}{%- endfor %}\
{{- \"\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments \
within <tool_call></tool_call> XML tags:\\n<tool_call>\\n\
{\\\"name\\\": <function-name>, \\\"arguments\\\": <args-json-object>}\\n</tool_call><|im_end|>\\n\" }}\
{%- elif messages[0].role == 'system' %}\
{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}\
{%- for message in messages %}\
{%- if message.content is string %}{%- set content = message.content %}\
{%- else %}{%- set content = '' %}{%- endif %}\
{%- if message.role == \"user\" %}\
{{- '<|im_start|>user\\n' + content + '<|im_end|>\\n' }}\
{%- elif message.role == \"assistant\" %}{{- '<|im_start|>assistant\\n' + content }}\
{%- for tool_call in message.tool_calls or [] %}\
{%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}\
{%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}\
{{- '<tool_call>\\n{\"name\": \"' }}{{- tool_call.name }}{{- '\", \"arguments\": ' }}\
{%- if tool_call.arguments is string %}{{- tool_call.arguments }}\
{%- else %}{{- tool_call.arguments | tojson }}{%- endif %}{{- '}\\n</tool_call>' }}{%- endfor %}\
{{- '<|im_end|>\\n' }}\
{%- elif message.role == \"tool\" %}\
{%- if loop.first or (messages[loop.index0 - 1].role != \"tool\") %}{{- '<|im_start|>user' }}{%- endif %}\
{{- '\\n<tool_response>\\n' }}{{- content }}{{- '\\n</tool_response>' }}\
{%- if loop.last or (messages[loop.index0 + 1].role != \"tool\") %}{{- '<|im_end|>\\n' }}{%- endif %}\
{%- endif %}{%- endfor %}\
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

/// Writes the model; `calls` is how often a reply begins with a call, from 0 to 1.
pub(crate) fn write(path: &Path, calls: f32) -> std::io::Result<()> {
    let vocabulary = Vocabulary::new();
    let tokens = vocabulary.tokens.len();
    let mut embedding = vec![0.0; tokens * EMBEDDING];
    for token in 0..tokens {
        embedding[token * EMBEDDING + token] = 1.0;
    }
    let ones = || vec![1.0; EMBEDDING];
    let zeros = |count: usize| vec![0.0; count];
    let square = EMBEDDING * EMBEDDING;
    let wide = EMBEDDING * FEED_FORWARD;
    let tensors = [
        ("token_embd.weight", vec![EMBEDDING, tokens], embedding),
        ("output_norm.weight", vec![EMBEDDING], ones()),
        ("output.weight", vec![EMBEDDING, tokens], vocabulary.output(calls)),
        ("blk.0.attn_norm.weight", vec![EMBEDDING], ones()),
        ("blk.0.ffn_norm.weight", vec![EMBEDDING], ones()),
        ("blk.0.attn_q.weight", vec![EMBEDDING, EMBEDDING], zeros(square)),
        ("blk.0.attn_k.weight", vec![EMBEDDING, EMBEDDING], zeros(square)),
        ("blk.0.attn_v.weight", vec![EMBEDDING, EMBEDDING], zeros(square)),
        ("blk.0.attn_output.weight", vec![EMBEDDING, EMBEDDING], zeros(square)),
        ("blk.0.ffn_gate.weight", vec![EMBEDDING, FEED_FORWARD], zeros(wide)),
        ("blk.0.ffn_up.weight", vec![EMBEDDING, FEED_FORWARD], zeros(wide)),
        ("blk.0.ffn_down.weight", vec![FEED_FORWARD, EMBEDDING], zeros(wide)),
    ];
    std::fs::write(path, vocabulary.file(&tensors))
}

type Tensor = (&'static str, Vec<usize>, Vec<f32>);

struct Vocabulary {
    tokens: Vec<String>,
    /// llama.cpp's kinds: 1 normal, 2 unknown, 3 control, 4 the user's, 6 a byte.
    kinds: Vec<i32>,
}

impl Vocabulary {
    fn new() -> Self {
        let mut all: Vec<(String, i32)> =
            [("<unk>", 2), ("<s>", 3), ("</s>", 3)].map(|(text, kind)| (text.into(), kind)).into();
        all.extend((0..=255u8).map(|byte| (format!("<0x{byte:02X}>"), 6)));
        all.extend((b' '..127).map(|byte| match byte {
            b' ' => (SPACE.to_owned(), 1),
            byte => (char::from(byte).to_string(), 1),
        }));
        let marks =
            [("<tool_call>", 4), ("</tool_call>", 4), ("<|im_start|>", 3), ("<|im_end|>", 3)];
        all.extend(marks.map(|(text, kind)| (text.to_owned(), kind)));
        let (tokens, kinds) = all.into_iter().unzip();
        Self { tokens, kinds }
    }

    fn find(&self, text: &str) -> usize {
        self.tokens.iter().position(|token| token == text).expect("a token")
    }

    /// For each next token a row over the last one.
    fn output(&self, calls: f32) -> Vec<f32> {
        let count = self.tokens.len();
        let mut chances = vec![vec![NEVER; count]; count];
        let mut letters: Vec<usize> =
            ('a'..='z').map(|letter| self.find(&letter.to_string())).collect();
        letters.push(self.find(SPACE));
        let (call, called) = (self.find("<tool_call>"), self.find("</tool_call>"));
        let (end, line, quote) = (self.find("<|im_end|>"), self.find("<0x0A>"), self.find("\""));
        let (brace, space) = (self.find("}"), self.find(SPACE));
        let share = |whole: f32| (whole / letters.len() as f32).max(1e-9).ln();
        for (last, chances) in chances.iter_mut().enumerate() {
            let mut put = |next: usize, chance: f32| chances[next] = chance.max(1e-9).ln();
            match last {
                _ if last == call => put(line, 1.0),
                _ if last == called => {
                    put(end, 0.7);
                    put(line, 0.3);
                }
                _ if last == brace => {
                    put(brace, 0.45);
                    put(called, 0.45);
                    put(space, 0.1);
                }
                _ if last == line => {
                    put(call, calls);
                    for next in [self.find("{"), quote] {
                        put(next, 1e-4);
                    }
                    letters.iter().for_each(|next| chances[*next] = share(1.0 - calls));
                }
                _ => {
                    put(quote, 0.15);
                    put(end, 0.06);
                    for next in "{:,[]0123456789.-tfn\\/u".chars() {
                        put(self.find(&next.to_string()), 0.002);
                    }
                    letters.iter().for_each(|next| chances[*next] = share(0.8));
                }
            }
        }
        // The norm before this matrix makes of a one in a row of zeros the root of its length.
        let scale = (EMBEDDING as f32).sqrt();
        let mut output = vec![0.0; count * EMBEDDING];
        for next in 0..count {
            for last in 0..count {
                output[next * EMBEDDING + last] = chances[last][next] / scale;
            }
        }
        output
    }

    /// GGUF, version 3.
    fn file(&self, tensors: &[Tensor]) -> Vec<u8> {
        let end = self.find("<|im_end|>") as u32;
        let numbers = [
            ("llama.context_length", CONTEXT),
            ("llama.embedding_length", EMBEDDING as u32),
            ("llama.block_count", 1),
            ("llama.feed_forward_length", FEED_FORWARD as u32),
            ("llama.attention.head_count", 4),
            ("llama.attention.head_count_kv", 4),
            ("llama.rope.dimension_count", EMBEDDING as u32 / 4),
            ("llama.vocab_size", self.tokens.len() as u32),
            ("tokenizer.ggml.bos_token_id", 1),
            ("tokenizer.ggml.eos_token_id", end),
            ("tokenizer.ggml.unknown_token_id", 0),
        ];
        let texts = [
            ("general.architecture", "llama"),
            ("general.name", "babbler"),
            ("tokenizer.ggml.model", "llama"),
            ("tokenizer.chat_template", TEMPLATE),
        ];
        let flags = ["tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_space_prefix"];
        let mut file = File::default();
        file.bytes.extend(b"GGUF");
        file.number(3);
        file.long(tensors.len());
        file.long(numbers.len() + texts.len() + flags.len() + 4);
        for (key, text) in texts {
            file.key(key, 8);
            file.text(text);
        }
        for (key, number) in numbers {
            file.key(key, 4);
            file.number(number);
        }
        for key in flags {
            file.key(key, 7);
            file.bytes.push(0);
        }
        file.key("llama.attention.layer_norm_rms_epsilon", 6);
        file.bytes.extend(1e-5f32.to_le_bytes());
        let count = self.tokens.len();
        file.array("tokenizer.ggml.tokens", 8, count);
        self.tokens.iter().for_each(|token| file.text(token));
        file.array("tokenizer.ggml.scores", 6, count);
        (0..count).for_each(|at| file.bytes.extend((-(at as f32)).to_le_bytes()));
        file.array("tokenizer.ggml.token_type", 5, count);
        self.kinds.iter().for_each(|kind| file.bytes.extend(kind.to_le_bytes()));
        let mut offset = 0;
        for (name, shape, values) in tensors {
            file.text(name);
            file.number(shape.len() as u32);
            shape.iter().for_each(|size| file.long(*size));
            file.number(0);
            file.long(offset);
            offset += (values.len() * 4).next_multiple_of(File::ALIGNMENT);
        }
        for (_, _, values) in tensors {
            file.align();
            values.iter().for_each(|value| file.bytes.extend(value.to_le_bytes()));
        }
        file.align();
        file.bytes
    }
}

#[derive(Default)]
struct File {
    bytes: Vec<u8>,
}

impl File {
    const ALIGNMENT: usize = 32;

    fn number(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn long(&mut self, number: usize) {
        self.bytes.extend((number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.long(text.len());
        self.bytes.extend(text.as_bytes());
    }

    fn key(&mut self, key: &str, kind: u32) {
        self.text(key);
        self.number(kind);
    }

    fn array(&mut self, key: &str, kind: u32, count: usize) {
        self.key(key, 9);
        self.number(kind);
        self.long(count);
    }

    fn align(&mut self) {
        let length = self.bytes.len().next_multiple_of(Self::ALIGNMENT);
        self.bytes.resize(length, 0);
    }
}
