//! Paths into a JSON document: `$.contact.email`, `$.members[*].name`.

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(pub Vec<Segment>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// The member of this name.
    Member(String),
    /// The element at this place, counted from 0.
    Element(usize),
    /// Every element of an array.
    Every,
}

impl JsonPath {
    /// Parses a path that starts with `$`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{text}` is not a valid JSON path: {why}"));
        let Some(mut rest) = text.strip_prefix('$') else { return wrong("it should start with `$`") };
        let mut segments = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, tail) = after.split_at(end);
                if name.is_empty() || name.contains(['"', '\'']) {
                    return wrong("a name is missing after `.`, or is quoted");
                }
                if name == "*" {
                    return wrong("`*` stands for every element of a list, and is written `[*]`");
                }
                segments.push(Segment::Member(name.to_owned()));
                rest = tail;
            } else if let Some(after) = rest.strip_prefix('[') {
                let Some((inner, tail)) = after.split_once(']') else { return wrong("`[` is not closed") };
                segments.push(match inner {
                    "*" => Segment::Every,
                    digits => match digits.parse() {
                        Ok(at) => Segment::Element(at),
                        Err(_) => return wrong("between `[` and `]` stands a number or `*`"),
                    },
                });
                rest = tail;
            } else {
                return wrong("a step starts with `.` or `[`");
            }
        }
        match segments.last() {
            None => wrong("it names the whole document; use `clear`"),
            // A second run would remove the element that has moved up.
            Some(Segment::Element(_)) => {
                wrong("the next element would take the place of the one removed; end in `[*]`")
            }
            Some(_) => Ok(Self(segments)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cut_into_its_steps() {
        let path = JsonPath::parse("$.members[*].phones[0].number").unwrap();
        let expected = [
            Segment::Member("members".into()),
            Segment::Every,
            Segment::Member("phones".into()),
            Segment::Element(0),
            Segment::Member("number".into()),
        ];
        assert_eq!(path.0, expected);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in ["", "$", "a.b", "$.", "$.a[", "$.a[x]", "$a", "$..a", "$.a[0]", "$.*.a"] {
            assert!(JsonPath::parse(bad).is_err(), "{bad}");
        }
    }
}
