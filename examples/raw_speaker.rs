//! Speaks to a gate's socket as no part of Tollgate would: sends the lines of its second argument and
//! prints what comes back until the gate closes, or as many lines as its third argument says.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [socket, lines, count] = args.as_slice() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let count: usize = count.parse().map_err(io::Error::other)?;
    let mut stream = UnixStream::connect(socket)?;
    writeln!(stream, "{lines}")?;
    for line in BufReader::new(stream).lines().take(count) {
        writeln!(io::stdout(), "{}", line?)?;
    }
    Ok(())
}
