//! A plain implementation of ECMAScript's `JSON.parse` (ECMA-262, section 25.5.1) over UTF-16 units, one function per
//! rule. It shares no code with what it checks.

/// A value. Numbers are kept as text, because texts are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(Vec<u16>),
    List(Vec<Json>),
    /// In the order of the keys' first occurrence, as in JavaScript objects.
    Object(Vec<(Vec<u16>, Json)>),
}

/// Why text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NotJson {
    /// It ends too early: a longer text could be JSON.
    EndsEarly,
    /// No text with this beginning is JSON.
    Wrong,
}

type Read<T> = Result<T, NotJson>;

impl Json {
    /// The value of a key, the last one if it is repeated.
    pub fn member(&self, name: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        let name: Vec<u16> = name.encode_utf16().collect();
        members.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Replaces the value of an existing key.
    pub fn replace(&mut self, name: &str, with: Json) {
        let Json::Object(members) = self else { return };
        let name: Vec<u16> = name.encode_utf16().collect();
        if let Some((_, value)) = members.iter_mut().find(|(key, _)| *key == name) {
            *value = with;
        }
    }
}

/// Parses text that consists of one value.
pub fn parse(text: &[u16]) -> Read<Json> {
    let mut reader = Reader { rest: text };
    let value = reader.value()?;
    reader.space();
    if reader.rest.is_empty() { Ok(value) } else { Err(NotJson::Wrong) }
}

struct Reader<'t> {
    rest: &'t [u16],
}

impl Reader<'_> {
    fn value(&mut self) -> Read<Json> {
        self.space();
        match self.peek()? {
            '{' => self.object(),
            '[' => self.list(),
            '"' => self.text().map(Json::Text),
            '-' | '0'..='9' => self.number().map(Json::Number),
            't' => self.word("true", Json::Bool(true)),
            'f' => self.word("false", Json::Bool(false)),
            'n' => self.word("null", Json::Null),
            _ => Err(NotJson::Wrong),
        }
    }

    fn object(&mut self) -> Read<Json> {
        let mut members: Vec<(Vec<u16>, Json)> = Vec::new();
        self.take()?;
        self.space();
        if self.skip('}')? {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek()? != '"' {
                return Err(NotJson::Wrong);
            }
            let key = self.text()?;
            self.space();
            self.expect(':')?;
            let value = self.value()?;
            match members.iter_mut().find(|(other, _)| *other == key) {
                Some((_, earlier)) => *earlier = value,
                None => members.push((key, value)),
            }
            self.space();
            if self.skip('}')? {
                return Ok(Json::Object(members));
            }
            self.expect(',')?;
        }
    }

    fn list(&mut self) -> Read<Json> {
        let mut values = Vec::new();
        self.take()?;
        self.space();
        if self.skip(']')? {
            return Ok(Json::List(values));
        }
        loop {
            values.push(self.value()?);
            self.space();
            if self.skip(']')? {
                return Ok(Json::List(values));
            }
            self.expect(',')?;
        }
    }

    fn text(&mut self) -> Read<Vec<u16>> {
        let mut units = Vec::new();
        self.take()?;
        loop {
            match self.take()? {
                0x22 => return Ok(units),
                0x5c => units.push(self.escape()?),
                0..0x20 => return Err(NotJson::Wrong),
                unit => units.push(unit),
            }
        }
    }

    fn escape(&mut self) -> Read<u16> {
        let letter = self.peek()?;
        self.take()?;
        Ok(match letter {
            '"' | '\\' | '/' => letter as u16,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'u' => {
                let mut unit = 0;
                for _ in 0..4 {
                    let digit = self.peek()?.to_digit(16).ok_or(NotJson::Wrong)?;
                    unit = 16 * unit + digit as u16;
                    self.take()?;
                }
                unit
            }
            _ => return Err(NotJson::Wrong),
        })
    }

    fn number(&mut self) -> Read<String> {
        let mut written = String::new();
        if self.skip('-')? {
            written.push('-');
        }
        if self.skip('0')? {
            written.push('0');
        } else {
            self.digits(&mut written)?;
        }
        if self.at('.') {
            self.take()?;
            written.push('.');
            self.digits(&mut written)?;
        }
        if self.at('e') || self.at('E') {
            self.take()?;
            written.push('e');
            for sign in ['+', '-'] {
                if self.at(sign) {
                    self.take()?;
                    written.push(sign);
                    break;
                }
            }
            self.digits(&mut written)?;
        }
        Ok(written)
    }

    /// One digit or more.
    fn digits(&mut self, written: &mut String) -> Read<()> {
        if !self.peek()?.is_ascii_digit() {
            return Err(NotJson::Wrong);
        }
        while let Ok(digit @ '0'..='9') = self.peek() {
            written.push(digit);
            self.take()?;
        }
        Ok(())
    }

    fn word(&mut self, word: &str, value: Json) -> Read<Json> {
        word.chars().try_for_each(|letter| self.expect(letter))?;
        Ok(value)
    }

    fn space(&mut self) {
        while let Some((0x20 | 0x09 | 0x0a | 0x0d, rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    fn expect(&mut self, letter: char) -> Read<()> {
        if self.skip(letter)? { Ok(()) } else { Err(NotJson::Wrong) }
    }

    /// Consumes the next unit if it is this one.
    fn skip(&mut self, letter: char) -> Read<bool> {
        let is_next = self.peek()? == letter;
        if is_next {
            self.take()?;
        }
        Ok(is_next)
    }

    /// Whether the next unit is this one; false at the end of the text.
    fn at(&self, letter: char) -> bool {
        self.peek() == Ok(letter)
    }

    /// The next unit; units beyond Latin-1 have no meaning in the grammar.
    fn peek(&self) -> Read<char> {
        let unit = self.rest.first().ok_or(NotJson::EndsEarly)?;
        Ok(u8::try_from(*unit).map_or('\u{fffd}', char::from))
    }

    fn take(&mut self) -> Read<u16> {
        let (unit, rest) = self.rest.split_first().ok_or(NotJson::EndsEarly)?;
        self.rest = rest;
        Ok(*unit)
    }
}
