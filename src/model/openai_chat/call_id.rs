//! The names of calls, for models that take names of one form alone.

use std::borrow::Cow;

/// Characters of a name in Mistral's form.
const NINE: usize = 9;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallIds {
    Any,
    /// Nine letters and digits of ASCII. A name that is none becomes one, always the same.
    Nine,
}

impl CallIds {
    pub(super) fn sent(self, id: &str) -> Cow<'_, str> {
        let is_nine = id.len() == NINE && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match self {
            CallIds::Nine if !is_nine => Cow::Owned(nine(id)),
            CallIds::Any | CallIds::Nine => Cow::Borrowed(id),
        }
    }
}

fn nine(id: &str) -> String {
    let mut rest = fnv1a(id.as_bytes());
    let mut name = String::with_capacity(NINE);
    for _ in 0..NINE {
        let digit = (rest % ALPHABET.len() as u64) as usize;
        name.push(char::from(ALPHABET[digit]));
        rest /= ALPHABET.len() as u64;
    }
    name
}

/// FNV-1a, which is the same in every version of every program.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_name_becomes_nine_characters_and_always_the_same() {
        assert_eq!(CallIds::Nine.sent("D681PevKs"), "D681PevKs");
        assert_eq!(CallIds::Any.sent("call_1"), "call_1");
        let ids: Vec<_> = (0..10_000).map(|at| format!("call_{at:016x}")).collect();
        let sent: HashSet<_> = ids.iter().map(|id| CallIds::Nine.sent(id)).collect();
        assert_eq!(sent.len(), ids.len());
        assert!(
            sent.iter().all(|id| id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
        // Of this version and of every later one, or caches and journals would not fit.
        assert_eq!(CallIds::Nine.sent("call_a"), "hDmXBslrt");
        assert_eq!(CallIds::Nine.sent("toolu-12").len(), 9);
    }
}
