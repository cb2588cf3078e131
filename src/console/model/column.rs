//! The columns of the Calls pane: which are shown, and which one its rows are sorted by.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "said by the words")]
pub enum Column {
    Time,
    Id,
    Session,
    Server,
    Name,
    Verdict,
    WhatIf,
    Risk,
    Size,
    AnswerSize,
    Wait,
    Took,
}

impl Column {
    /// All, in their order on the screen.
    pub const ALL: [Self; 12] = [
        Self::Time,
        Self::Id,
        Self::Session,
        Self::Server,
        Self::Name,
        Self::Verdict,
        Self::WhatIf,
        Self::Risk,
        Self::Size,
        Self::AnswerSize,
        Self::Wait,
        Self::Took,
    ];

    /// Its heading, and its word in commands; where filters have the field, theirs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Id => "id",
            Self::Session => "session",
            Self::Server => "server",
            Self::Name => "tool",
            Self::Verdict => "verdict",
            Self::WhatIf => "what-if",
            Self::Risk => "risk",
            Self::Size => "size",
            Self::AnswerSize => "rsize",
            Self::Wait => "wait",
            Self::Took => "ms",
        }
    }

    /// The column of this word.
    ///
    /// # Errors
    /// Names the words that there are.
    pub fn named(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|column| column.word() == word).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.into_iter().map(Self::word).collect();
            format!("no column `{word}`; there are: {}", words.join(" "))
        })
    }

    /// The column of this word, if rows can be sorted by it.
    ///
    /// # Errors
    /// Names the words that there are.
    pub fn to_sort_by(word: &str) -> Result<Self, String> {
        let column = Self::named(word)?;
        if column == Self::WhatIf {
            return Err(
                "calls are not sorted by what-if: `=` goes to those that it changes".to_owned()
            );
        }
        Ok(column)
    }

    /// Columns in the order of their words, which blanks or commas part.
    ///
    /// # Errors
    /// Names what is none, or stands twice.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let mut columns = Vec::new();
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        for word in words {
            let column = Self::named(word)?;
            if columns.contains(&column) {
                return Err(format!("`{word}` stands twice"));
            }
            columns.push(column);
        }
        Ok(columns)
    }
}
