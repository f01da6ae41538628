/// What the kernel says about this process and the host, read from /proc and /sys.
///
/// Reading takes some file accesses: do it off the loops. What the host does not offer is nil and left out.
public struct HostFacts: Sendable {
    /// Descriptors this process has open.
    public var openDescriptors: UInt64?
    /// The limit of descriptors, `RLIMIT_NOFILE`.
    public var maximumDescriptors: UInt64?
    /// Resident memory in bytes.
    public var residentBytes: UInt64?
    /// Virtual memory in bytes.
    public var virtualBytes: UInt64?
    /// User and system time of this process in nanoseconds.
    public var cpuNanoseconds: UInt64?
    /// When this process began, in seconds since the epoch.
    public var startSeconds: UInt64?
    /// Open files of the whole host.
    public var hostOpenFiles: UInt64?
    /// TCP segments the host sent again.
    public var retransmittedSegments: UInt64?
    /// Errors of all network interfaces, received and sent.
    public var interfaceErrors: UInt64?
    /// The hottest thermal zone in thousandths of a degree Celsius.
    public var temperatureMillidegrees: UInt64?
    /// How often cores were throttled for heat.
    public var throttlings: UInt64?

    /// Nothing known.
    public init() {}

    func append(to text: inout MetricsText) {
        text.optional("process_open_fds", .gauge, "Open descriptors.", openDescriptors)
        text.optional("process_max_fds", .gauge, "The limit of open descriptors.", maximumDescriptors)
        text.optional("process_resident_memory_bytes", .gauge, "Resident memory.", residentBytes)
        text.optional("process_virtual_memory_bytes", .gauge, "Virtual memory.", virtualBytes)
        text.optional("process_start_time_seconds", .gauge, "When the process began, since the epoch.", startSeconds)
        if let cpuNanoseconds {
            text.family("process_cpu_seconds", .counter, "User and system time.")
            var seconds = TextBuffer()
            seconds.append(seconds: cpuNanoseconds)
            text.sample([], text: seconds.string)
        }
        text.optional("portcullis_host_open_files", .gauge, "Open files of the host.", hostOpenFiles)
        text.optional(
            "portcullis_host_tcp_retransmissions", .counter, "TCP segments sent again.", retransmittedSegments)
        text.optional("portcullis_host_network_errors", .counter, "Errors of all network interfaces.", interfaceErrors)
        text.optional("portcullis_host_throttlings", .counter, "How often cores were throttled for heat.", throttlings)
        if let temperatureMillidegrees {
            text.family("portcullis_host_temperature_celsius", .gauge, "The hottest thermal zone.")
            var degrees = TextBuffer()
            degrees.append(temperatureMillidegrees / 1000)
            degrees.append(0x2e as UInt8)
            degrees.append(temperatureMillidegrees % 1000, atLeast: 3)
            text.sample([], text: degrees.string)
        }
    }
}
