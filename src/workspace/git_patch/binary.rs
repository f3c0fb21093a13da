//! Binary data in a patch: base 85, zlib, whole contents or differences.

use crate::workspace::PATCH_FILE_BYTES_MAX;
use crate::workspace::patch::DIGITS;
use flate2::read::ZlibDecoder;
use std::io::Read;

/// What leads from one content to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::workspace) enum Data {
    /// All of the content.
    Whole(Vec<u8>),
    /// Copies of the other content's parts, and new bytes, as git packs them.
    Delta(Vec<u8>),
}

pub(super) enum Kind {
    /// With the bytes when they are unpacked.
    Whole(u64),
    Delta(u64),
}

impl Kind {
    /// Of `literal 12` or `delta 12`.
    pub(super) fn of(line: &[u8]) -> Option<Kind> {
        let line = std::str::from_utf8(line).ok()?;
        match line.split_once(' ')? {
            ("literal", bytes) => bytes.parse().ok().map(Kind::Whole),
            ("delta", bytes) => bytes.parse().ok().map(Kind::Delta),
            _ => None,
        }
    }

    /// None: it is damaged, or too large.
    pub(super) fn unpack(&self, packed: &[u8]) -> Option<Data> {
        let (Kind::Whole(bytes) | Kind::Delta(bytes)) = *self;
        if bytes > PATCH_FILE_BYTES_MAX {
            return None;
        }
        let mut unpacked = Vec::new();
        ZlibDecoder::new(packed).take(bytes + 1).read_to_end(&mut unpacked).ok()?;
        (unpacked.len() as u64 == bytes).then_some(())?;
        Some(match self {
            Kind::Whole(_) => Data::Whole(unpacked),
            Kind::Delta(_) => Data::Delta(unpacked),
        })
    }
}

impl Data {
    /// The content that comes of another one; None: it is not made from that.
    pub(in crate::workspace) fn applied(&self, from: &[u8]) -> Option<Vec<u8>> {
        match self {
            Data::Whole(content) => Some(content.clone()),
            Data::Delta(delta) => undelta(delta, from),
        }
    }
}

/// A line: its length as a letter, then groups of five digits for four bytes each.
pub(super) fn decode(line: &[u8], packed: &mut Vec<u8>) -> Option<()> {
    let (length, digits) = line.split_first()?;
    let length = match length {
        b'A'..=b'Z' => length - b'A' + 1,
        b'a'..=b'z' => length - b'a' + 27,
        _ => return None,
    };
    let length = usize::from(length);
    (digits.len() == length.div_ceil(4) * 5).then_some(())?;
    let mut bytes = Vec::with_capacity(length + 3);
    for group in digits.chunks(5) {
        let mut number = 0_u32;
        for digit in group {
            let value = DIGITS.iter().position(|it| it == digit)? as u32;
            number = number.checked_mul(85)?.checked_add(value)?;
        }
        bytes.extend(number.to_be_bytes());
    }
    packed.extend(&bytes[..length]);
    Some(())
}

/// None: the delta is damaged, or made from another content.
fn undelta(delta: &[u8], from: &[u8]) -> Option<Vec<u8>> {
    let mut delta = Bytes(delta);
    let (before, after) = (delta.size()?, delta.size()?);
    (before == from.len() as u64 && after <= PATCH_FILE_BYTES_MAX).then_some(())?;
    let mut content = Vec::with_capacity(after as usize);
    while let Some(first) = delta.next() {
        let part = if first & 0x80 == 0 {
            delta.take(usize::from(first))?
        } else {
            let at = delta.number(first, 4)?;
            let length = match delta.number(first >> 4, 3)? {
                0 => 0x1_0000,
                length => length,
            };
            from.get(at..at.checked_add(length)?)?
        };
        let is_room = !part.is_empty() && (content.len() + part.len()) as u64 <= after;
        is_room.then(|| content.extend_from_slice(part))?;
    }
    (content.len() as u64 == after).then_some(content)
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn next(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    /// Seven bits a byte, the lowest first.
    fn size(&mut self) -> Option<u64> {
        let (mut size, mut shift) = (0_u64, 0);
        loop {
            let byte = self.next()?;
            size |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(size);
            }
        }
    }

    /// A byte for each of the `places` lowest bits that is set, the lowest first; else zeros.
    fn number(&mut self, bits: u8, places: u32) -> Option<usize> {
        let mut number = 0;
        for place in (0..places).filter(|place| bits & (1 << place) != 0) {
            number |= usize::from(self.next()?) << (8 * place);
        }
        Some(number)
    }
}
