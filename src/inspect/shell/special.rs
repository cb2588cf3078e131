//! Programs whose effects depend on more than the kind of each word.

mod files;
mod git;
mod net;
mod system;

use super::args::Args;
use super::run::Run;
use super::value::{Call, Flow, Value};

impl Run<'_> {
    /// What such a program does, and what comes out of it; `None`: it is not one of them.
    pub(super) fn special(
        &mut self,
        name: &str,
        first: &Value,
        rest: &[Value],
        args: &Args,
        call: &Call,
    ) -> Option<Flow> {
        let flow = match name {
            "curl" => self.curl(args, call),
            "wget" | "aria2c" => self.wget(args, call),
            "http" | "https" | "xh" | "httpie" => return self.httpie(args, call),
            "nc" | "ncat" | "netcat" | "telnet" | "tcpconnect" => self.netcat(args, call),
            "socat" | "socket" => self.socat(rest, call),
            "openssl" => return self.openssl(args, call),
            "ssh" => return self.ssh(rest, call),
            "scp" | "rsync" => return self.copy_to_host(name, args, call),
            "ftp" | "tftp" | "sftp" | "lftp" | "smbclient" | "mail" | "mailx" | "sendmail"
            | "mutt" | "msmtp" | "swaks" | "whois" | "finger" | "rlogin" => {
                self.talk(name, args, call)
            }
            "dig" | "nslookup" | "host" | "ping" | "ping6" | "drill" | "resolvectl"
            | "traceroute" => self.resolve(args),
            "find" | "gfind" | "fd" => self.find(rest, call),
            "dd" => self.dd(args, call),
            "cp" | "gcp" | "mv" | "gmv" | "install" | "ginstall" | "ln" | "gln" => {
                self.copy(name, args, call)
            }
            "rm" | "grm" | "shred" | "srm" | "wipe" | "trash" | "unlink" => {
                self.remove(name, args, call)
            }
            "truncate" | "touch" => self.touch(name, args, call),
            "sed" | "gsed" | "perl" if is_in_place(rest) => self.in_place(name, rest, args, call),
            "chmod" | "chown" | "chgrp" | "setfacl" => return self.rights(name, args, call),
            "tar" | "gtar" | "bsdtar" | "zip" => self.archive(name, rest, args, call),
            "git" => return self.git(rest, call),
            "crontab" => self.crontab(args, call),
            "at" | "batch" => self.at(args, call),
            "su" => return self.su(rest, call),
            "kill" => self.kill(rest, call),
            "unset" => self.unset(args, first),
            "eval" => self.eval(rest, call),
            "trap" => return self.trap(args),
            "alias" => self.alias(rest),
            "cd" | "pushd" => self.cd(args),
            "read" | "mapfile" | "readarray" => self.read_in(args, call),
            "docker" | "podman" | "nerdctl" => self.container(rest, args, call),
            "set" | "printenv" if rest.iter().all(|word| !word.text.starts_with(['-', '+'])) => {
                Self::variables_told(rest)
            }
            "psql" | "mysql" | "mariadb" | "sqlite3" | "sqlcmd" | "clickhouse-client"
            | "duckdb" => self.database(name, rest, call),
            _ => return self.interpreter(name, rest, args, call),
        };
        Some(flow)
    }
}

/// `-i`, `-i.bak`, `-ni`, `--in-place`.
fn is_in_place(rest: &[Value]) -> bool {
    rest.iter().take(4).any(|word| {
        let text = word.text.as_str();
        let short = text.strip_prefix('-').filter(|text| !text.starts_with('-'));
        text.starts_with("--in-place")
            || short.is_some_and(|letters| {
                letters.split('.').next().unwrap_or_default().len() <= 4
                    && letters.split('.').next().unwrap_or_default().contains('i')
            })
    })
}
