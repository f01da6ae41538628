import Glibc

extension HostFacts {
    /// Reads everything that this host offers.
    public static func read() -> HostFacts {
        var facts = HostFacts()
        // The directory that is being read is one of them.
        facts.openDescriptors = KernelFile.entries(of: "/proc/self/fd").map { UInt64(max($0.count - 1, 0)) }
        facts.readLimits()
        facts.readProcess()
        facts.hostOpenFiles = KernelFile.lines("/proc/sys/fs/file-nr").first.flatMap { number($0, at: 0) }
        facts.retransmittedSegments = retransmissions()
        facts.interfaceErrors = networkErrors()
        facts.temperatureMillidegrees = KernelFile.entries(of: "/sys/class/thermal")?
            .filter { $0.hasPrefix("thermal_zone") }
            .compactMap { KernelFile.lines("/sys/class/thermal/\($0)/temp").first.flatMap { number($0, at: 0) } }.max()
        facts.throttlings = throttled()
        return facts
    }

    private mutating func readLimits() {
        var limit = rlimit()
        // SAFETY: getrlimit(2) fills the structure, which outlives the call.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        maximumDescriptors = UInt64(limit.rlim_cur)
    }

    /// proc_pid_stat(5); the command's name may hold anything, so fields count from behind its last parenthesis.
    private mutating func readProcess() {
        guard let line = KernelFile.lines("/proc/self/stat").first, let end = line.lastIndex(of: ")") else { return }
        let fields = line[line.index(after: end)...]
        func field(_ number: Int) -> UInt64? { Self.number(fields, at: number - 3) }
        let tick = UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        let page = UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
        virtualBytes = field(23)
        residentBytes = field(24).map { $0 &* page }
        if let user = field(14), let system = field(15) {
            cpuNanoseconds = (user &+ system) &* (1_000_000_000 / min(tick, 1_000_000_000))
        }
        let boot = KernelFile.lines("/proc/stat").first { $0.hasPrefix("btime ") }.flatMap { Self.number($0, at: 1) }
        if let boot, let start = field(22) { startSeconds = boot &+ start / tick }
    }

    /// The value under the title `RetransSegs` of the two `Tcp:` lines.
    private static func retransmissions() -> UInt64? {
        let lines = KernelFile.lines("/proc/net/snmp").filter { $0.hasPrefix("Tcp:") }
        guard lines.count == 2,
            let place = lines[0].split(separator: " ").firstIndex(of: "RetransSegs")
        else { return nil }
        return number(lines[1], at: place)
    }

    /// Fields 3 and 11 behind each interface's colon: errors received and sent.
    private static func networkErrors() -> UInt64? {
        let lines = KernelFile.lines("/proc/net/dev").dropFirst(2)
        guard !lines.isEmpty else { return nil }
        return lines.reduce(0) { sum, line in
            guard let colon = line.firstIndex(of: ":") else { return sum }
            let fields = line[line.index(after: colon)...]
            return sum &+ (number(fields, at: 2) ?? 0) &+ (number(fields, at: 10) ?? 0)
        }
    }

    private static func throttled() -> UInt64? {
        let root = "/sys/devices/system/cpu"
        let counts = (KernelFile.entries(of: root) ?? []).compactMap { name in
            KernelFile.lines("\(root)/\(name)/thermal_throttle/core_throttle_count").first.flatMap { number($0, at: 0) }
        }
        return counts.isEmpty ? nil : counts.reduce(0, &+)
    }

    /// The field at `index` of a line of fields that white space separates, as a number.
    private static func number(_ line: some StringProtocol, at index: Int) -> UInt64? {
        let fields = line.split { $0 == " " || $0 == "\t" }
        return index >= 0 && index < fields.count ? UInt64(fields[index]) : nil
    }
}

/// Small files that the kernel writes.
private enum KernelFile {
    /// How much of a file is read at most.
    private static let limit = 1 << 20

    /// The lines of the file at `path`; none where it cannot be read.
    static func lines(_ path: String) -> [Substring] {
        // SAFETY: open(2) reads the path, which outlives the call.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { Descriptor.close(descriptor) }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while text.count < limit {
            // SAFETY: read(2) writes at most the buffer's own count of bytes.
            let count = unsafe part.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            text.append(contentsOf: part.prefix(count))
        }
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }

    /// The names in the directory at `path`; nil where it cannot be read.
    static func entries(of path: String) -> [String]? {
        // SAFETY: the stream is used until closedir, and an entry until the next readdir; its name ends with a zero.
        guard let stream = unsafe opendir(path) else { return nil }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        unsafe closedir(stream)
        return names
    }
}
