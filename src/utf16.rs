//! UTF-8 as UTF-16, which JavaScript engines copy several times faster than they decode UTF-8. Made for JSON: mostly ASCII. Pure.

/// Bytes tested together for ASCII; the compiler vectorizes this.
const RUN: usize = 16;

/// Converts UTF-8 to UTF-16; also returns all bits that occur in the units: below 256, every unit fits into one byte. The text is
/// valid UTF-8; for other input, the result is unspecified.
pub fn units_of(text: &[u8]) -> (Vec<u16>, u16) {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (ascii, other) = rest.split_at(leading_ascii(rest));
        units.extend(ascii.iter().map(|&byte| u16::from(byte)));
        let Some((character, after)) = decode(other) else { break };
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
        rest = after;
    }
    let bits = units.iter().fold(0, |bits, unit| bits | unit);
    (units, bits)
}

/// The first character, which is not ASCII, and what follows it.
fn decode(text: &[u8]) -> Option<(char, &[u8])> {
    let first = *text.first()?;
    let (length, bits) = match first {
        0xf0.. => (4, first & 0x07),
        0xe0.. => (3, first & 0x0f),
        _ => (2, first & 0x1f),
    };
    let (character, rest) = text.split_at(length.min(text.len()));
    let code = character[1..].iter().fold(u32::from(bits), |code, byte| code << 6 | u32::from(byte & 0x3f));
    Some((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), rest))
}

/// Units that fit into one byte each.
pub fn narrow(units: &[u16]) -> Vec<u8> {
    units.iter().map(|&unit| unit as u8).collect()
}

/// How many bytes at the beginning are ASCII.
fn leading_ascii(text: &[u8]) -> usize {
    let mut ascii = 0;
    while let Some(run) = text[ascii..].first_chunk::<RUN>() {
        if run.iter().fold(0, |bits, byte| bits | byte) >= 0x80 {
            break;
        }
        ascii += RUN;
    }
    ascii + text[ascii..].iter().take_while(|byte| byte.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str) {
        let (units, bits) = units_of(text.as_bytes());
        assert_eq!(units, text.encode_utf16().collect::<Vec<_>>());
        assert_eq!(bits < 256, text.chars().all(|character| character < '\u{100}'), "{text:?}");
        if bits < 256 {
            let characters: String = narrow(&units).into_iter().map(char::from).collect();
            assert_eq!(characters, text);
        }
    }

    #[test]
    fn characters_of_every_length_are_converted_wherever_they_are() {
        for character in ['a', '\u{7f}', '\u{80}', 'ü', '\u{ff}', '\u{100}', '休', '\u{ffff}', '💪', '\u{10ffff}'] {
            for before in 0..40 {
                for after in [0, 1, 15, 16, 33] {
                    check(&format!("{}{character}{}", "x".repeat(before), "y".repeat(after)));
                }
            }
        }
        check("");
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_text_do_no_harm(bytes: Vec<u8>) {
            prop_assert!(units_of(&bytes).0.len() <= bytes.len());
        }

        #[test]
        fn any_text_is_converted_as_the_standard_library_does(text in "\\PC*", ascii in "[ -~]{0,64}") {
            check(&text);
            check(&format!("{ascii}{text}{ascii}"));
        }
    }
}
