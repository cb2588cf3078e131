//! Other programs of the operator's, without a shell and never waited for without a limit.

use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks at a program that runs.
const LOOK: Duration = Duration::from_millis(2);
/// What is read of a program's words.
const OUTPUT_BYTES_MAX: u64 = 4096;

/// Gives a program its input and waits for its end.
///
/// # Errors
/// When it cannot be started, does not take the input, fails, or does not end within `limit`, in which
/// case it is killed.
pub fn feed(words: &[&str], input: &[u8], limit: Duration) -> io::Result<()> {
    let mut child = command(words)?.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    // A pipe takes 64 KiB at once; a program that does not read the rest is killed by its limit, which
    // ends the writing too.
    let pipe = child.stdin.take();
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || pipe.map_or(Ok(()), |mut pipe| pipe.write_all(input)));
        wait(&mut child, limit)?;
        writing.join().map_err(|_| io::Error::other("writing to it failed"))?
    })
}

/// What a program says.
///
/// # Errors
/// When it cannot be started, fails, or does not end within `limit`.
pub fn ask(words: &[&str], limit: Duration) -> io::Result<String> {
    let mut child = command(words)?.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    wait(&mut child, limit)?;
    let mut said = String::new();
    if let Some(pipe) = child.stdout.take() {
        pipe.take(OUTPUT_BYTES_MAX).read_to_string(&mut said)?;
    }
    Ok(said)
}

fn command(words: &[&str]) -> io::Result<Command> {
    let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).stderr(Stdio::null());
    Ok(command)
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(io::Error::other(format!("it ended with {status}"))),
            None if begun.elapsed() < limit => std::thread::park_timeout(LOOK),
            None => {
                child.kill()?;
                child.wait()?;
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    #[test]
    fn a_program_is_fed_and_its_failure_told() {
        let long = vec![b'x'; 1_000_000];
        assert!(feed(&["sh", "-c", "test $(wc -c) = 1000000"], &long, LIMIT * 50).is_ok());
        assert!(feed(&["sh", "-c", "exit 3"], b"", LIMIT * 50).is_err());
        assert!(feed(&["/no/such/program"], b"", LIMIT).is_err());
        assert!(feed(&[], b"", LIMIT).is_err());
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let begun = Instant::now();
        let error = feed(&["sleep", "60"], &vec![b'x'; 1_000_000], LIMIT).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(ask(&["sleep", "60"], LIMIT).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_program_is_asked() {
        assert_eq!(ask(&["echo", "256,RGB"], LIMIT * 50).unwrap(), "256,RGB\n");
    }
}
