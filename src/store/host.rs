//! The machine a run was made on.

use crate::result::Host;
use crate::units::{count, to_u32};

/// What this machine tells about itself. Linux tells all of it; elsewhere processor model and
/// memory are `None`.
pub fn host_facts() -> Host {
    let (hostname, kernel) = name_and_kernel();
    let cpus = std::thread::available_parallelism().ok();
    Host {
        hostname,
        os: std::env::consts::OS.to_owned(),
        kernel,
        cpu_model: proc_file("cpuinfo").as_deref().and_then(cpu_model),
        cpu_count: cpus.map(|cpus| to_u32(count(cpus.get()))),
        memory_bytes: proc_file("meminfo").as_deref().and_then(memory_bytes),
    }
}

#[cfg(unix)]
fn name_and_kernel() -> (Option<String>, Option<String>) {
    let told = rustix::system::uname();
    let text = |part: &std::ffi::CStr| Some(part.to_string_lossy().into_owned());
    (text(told.nodename()), text(told.release()))
}

#[cfg(not(unix))]
fn name_and_kernel() -> (Option<String>, Option<String>) {
    (None, None)
}

/// A file of `/proc`; `None` where there is no such thing.
#[expect(clippy::disallowed_methods, reason = "`store` looks at the machine for provenance")]
fn proc_file(name: &str) -> Option<String> {
    cfg!(target_os = "linux").then(|| std::fs::read_to_string(format!("/proc/{name}")).ok())?
}

/// The model of the first processor; ARM machines tell none.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let told = cpuinfo.lines().find_map(|line| value_of(line, "model name"))?;
    Some(told.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn memory_bytes(meminfo: &str) -> Option<u64> {
    let told = meminfo.lines().find_map(|line| value_of(line, "MemTotal"))?;
    let kibibytes: u64 = told.strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

/// What stands behind `name` and a colon.
fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    (key.trim() == name).then(|| value.trim())
}

#[cfg(test)]
mod tests {
    use super::{cpu_model, host_facts, memory_bytes};

    #[test]
    fn processor_and_memory_are_read_as_linux_writes_them() {
        let cpuinfo = "processor\t: 0\nvendor_id\t: X\nmodel name\t: Some  CPU @ 2.0GHz\n";
        assert_eq!(cpu_model(cpuinfo).as_deref(), Some("Some CPU @ 2.0GHz"));
        assert_eq!(cpu_model("processor : 0\n"), None);
        assert_eq!(memory_bytes("MemTotal:       16 kB\nMemFree: 1 kB\n"), Some(16_384));
        assert_eq!(memory_bytes("MemTotal: x\n"), None);
    }

    #[test]
    fn this_machine_has_at_least_one_processor() {
        assert!(host_facts().cpu_count > Some(0));
    }
}
