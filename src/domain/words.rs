//! Enums that are stored, sent and shown as words.

/// An enum with a word for each variant, behind what is said to a person who gives another word.
macro_rules! words {
    ($said:literal; $(#[$about:meta])* $vis:vis enum $own:ident {
        $($(#[$of_variant:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$about])*
        $vis enum $own {
            $($(#[$of_variant])* $variant,)*
        }

        impl $own {
            /// All of them.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$variant),*];

            /// The word used in tables, messages and metrics, and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::str::FromStr for $own {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                let found = Self::ALL.into_iter().find(|own| own.as_str() == word);
                found.ok_or_else(|| format!("{} {}", $said, Self::ALL.map(Self::as_str).join(", ")))
            }
        }
    };
}
pub(crate) use words;
