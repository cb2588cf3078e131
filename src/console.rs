//! The terminal in which an operator watches calls and answers the ones that wait.
//!
//! [`model`] folds journal records and the gate's lines into what is known, [`update`] turns keys and
//! messages into commands, [`view`] draws the model, [`run`] and what it calls is the only part that touches a
//! clock, a socket, a file or the terminal. **`update` and `view` are functions of their arguments**: time comes
//! in with messages, so every frame and every answer can be tested.
//!
//! **Nothing here lets a call pass**: an answer is a line to the gate, bound to the digest that the
//! operator was shown; the gate checks the right to answer, the digest and the code again.

pub mod action;
mod bodies;
pub mod chosen;
pub mod command;
mod deck;
mod editor;
mod export;
mod feed;
pub mod filter;
pub mod input;
pub mod keymap;
pub mod linear;
pub mod model;
mod near;
pub mod outgoing;
mod run;
mod terminal;
pub mod theme;
pub mod update;
pub mod view;

pub use deck::compare;
pub use run::{
    Attachment, Beside, ConsoleError, LinearOptions, Options, Reconnect, Themes, replay, run,
    run_linear,
};
pub use theme::{ColorWhen, Depth, Theme, ThemeError};
