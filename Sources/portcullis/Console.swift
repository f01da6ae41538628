import Glibc

/// Prints a line on standard output, at once.
func printOutput(_ line: String) { write(line, to: STDOUT_FILENO) }

/// Prints a line on standard error.
func printError(_ line: String) { write(line, to: STDERR_FILENO) }

private func write(_ line: String, to descriptor: Int32) {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
        // SAFETY: the count is the slice's.
        let count = unsafe rest.withUnsafeBytes { raw in unsafe Glibc.write(descriptor, raw.baseAddress, raw.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
