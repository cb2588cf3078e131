//! What comes in, and what is to be done.

use std::sync::Arc;

use crate::console::input::{Focus, Key, Mouse, Press};
use crate::console::model::breaks::Stops;
use crate::console::model::compare::Compare;
use crate::console::model::doc::{Doc, Want};
use crate::console::model::remembering::Counted;
use crate::console::model::replay::{Found, WhatIf};
use crate::console::model::visible::Bodies;
use crate::console::model::{Link, Place, Size, TicketKey};
use crate::console::outgoing::Notice;
use crate::console::outgoing::clipboard::Copied;
use crate::console::update::{Break, Counting, Dry, Export, Exported, Inspect};
use crate::journal::Record;
use crate::wire::{FromConsole, ToConsole};

/// Something that came in.
#[derive(Debug)]
pub enum Msg {
    /// A key.
    Key(Key, Press),
    /// Text between paste brackets.
    Paste(String),
    /// Something done with the mouse.
    Mouse(Mouse),
    /// The terminal's window came to the front, or left it.
    Focus(Focus),
    /// The terminal is ours again, after a shell had it.
    Back,
    /// The terminal has this size.
    Resize(Size),
    /// The gate said this.
    Gate(Box<ToConsole>),
    /// The line to the gate came or went.
    Link(Link),
    /// A record of a session was read.
    Record(String, Box<Record>, Place),
    /// A session's journal was read up to here, of this many bytes.
    Read(String, u64, u64),
    /// A session's journal cannot be read further.
    Broken(String, String),
    /// The theme of this name was put on, or why it was not.
    Theme(Result<String, String>),
    /// What became of a copy.
    Copied(Copied),
    /// The program for notifications could not be started, and why.
    NotNotified(String),
    /// A body was read.
    Loaded(Want, Result<Arc<Doc>, String>),
    /// The operator's own editor ended: the text, or why there is none.
    Edited(Result<String, String>),
    /// There is time to test further rows by the filter.
    Sift,
    /// A batch of rows was read for the filter of this generation.
    Inspected(u32, Vec<(u32, Bodies)>),
    /// An export is done, or was not to be done.
    Exported(Result<Exported, String>),
    /// More of a recording was looked through.
    Found(Box<Found>),
    /// Another policy decided more of the recording.
    Decided(Box<WhatIf>),
    /// More places are known at which the tape is to stop.
    Stops(Stops),
    /// Something that was asked for cannot be done.
    Cannot(String),
    /// A policy was asked what it makes of a call.
    Dry(Result<String, String>),
    /// What the card's ways to be like its call would have matched.
    Counted(TicketKey, Vec<Counted>),
    /// Two recordings were read and aligned.
    Compared(Box<Compare>),
    /// The model holds so many records of the recording.
    Arrived(u64),
    /// The frame was drawn, with everything that [`super::prepare`] had laid out.
    Drawn,
    /// Time passed.
    Tick,
}

/// Something to do.
#[derive(Debug)]
pub enum Cmd {
    /// Tell the gate.
    Send(FromConsole),
    /// Read a body.
    Load(Want),
    /// Open the operator's own editor on this text, in the console's place, and tell by [`Msg::Edited`].
    Editor(String),
    /// Bring the model to where so many records of the recording are taken in.
    Go(u64),
    /// Decide the recording by another policy, shipped or a file, from one of its records on.
    Fork {
        /// As typed.
        policy: String,
        /// The first record that it decides.
        from_seq: u64,
    },
    /// Count what would have been matched, and tell by [`Msg::Counted`].
    Count(Counting),
    /// Ask a policy what it makes of a call, and tell by [`Msg::Dry`].
    Dry(Dry),
    /// Have it shown and asked, in the console's place, whether a finding is a false alarm.
    FalseAlarm {
        /// The finding's id, as recordings give it.
        id: String,
        /// Why, as the operator said.
        reason: String,
        /// Recordings do not tell its text: any text there is meant.
        any_text: bool,
    },
    /// Play this recording in the console's place, until its player is left.
    Play(String),
    /// Look through the recording for calls to stop at, and tell by [`Msg::Stops`]; or look no more.
    Break(Option<Break>),
    /// Read arguments and results of these rows, for the filter of this generation.
    Inspect(u32, Vec<Inspect>),
    /// Write records to a file.
    Export(Export),
    /// Ring, once.
    Bell,
    /// Tell the operator, who is away.
    Notify(Notice),
    /// Put this into the clipboard. It is escaped, unless the operator was asked.
    Copy(String),
    /// Put on a theme: a shipped one's name, a pair's, or a file.
    Theme(String),
    /// Give the terminal back to the shell, until it lets us go on.
    Suspend,
    /// Leave.
    Quit,
}
