//! What leaves the console by other ways than a frame and the gate's socket.

pub mod program;
