public import GatePrimitives
public import GateSettings
import GateSupervisor
import Glibc

/// What compiling needs to know of the machine; given, so that equal input gives an equal plan.
public struct HostFacts: Sendable {
    /// Processors this process may use.
    public var processors: Int
    /// Open files it may have.
    public var descriptorLimit: Int
    /// Addresses of its interfaces, which no endpoint may have together with a listener's port.
    public var localAddresses: [IPAddress]
    /// The wall clock, for certificates.
    public var now: WallInstant
    /// Our name in `via`: a token, unique to the installation and stable over restarts.
    public var pseudonym: String

    /// These facts.
    public init(
        processors: Int, descriptorLimit: Int, localAddresses: [IPAddress] = [], now: WallInstant, pseudonym: String
    ) {
        self.processors = processors
        self.descriptorLimit = descriptorLimit
        self.localAddresses = localAddresses
        self.now = now
        self.pseudonym = pseudonym
    }

    /// The facts of this machine now, for the configuration at `path`; raises the soft limit of open files to the hard one.
    public static func thisMachine(
        configuration path: String, files: any ConfigurationFiles = DiskFiles()
    ) -> HostFacts {
        HostFacts(
            processors: Privileges.usableProcessors, descriptorLimit: Privileges.raiseOpenFiles(),
            localAddresses: interfaceAddresses(), now: .now(),
            pseudonym: Digest.pseudonym(configuration: absolute(path), files: files))
    }

    /// The addresses of the network interfaces; empty where they cannot be listed.
    private static func interfaceAddresses() -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        // SAFETY: getifaddrs fills a list that is freed below; each entry is read before that.
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var addresses: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe entry.pointee.ifa_addr.flatMap({ unsafe Self.address($0) }) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ifa_next
        }
        return addresses
    }

    /// The address in a socket address of either family.
    private static func address(_ socket: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
        // SAFETY: the family says which structure stands there, and the kernel filled it whole.
        switch Int32(unsafe socket.pointee.sa_family) {
        case AF_INET:
            let bits = unsafe UnsafeRawPointer(socket).load(as: sockaddr_in.self).sin_addr.s_addr
            return IPAddress(v4: UInt32(bigEndian: bits))
        case AF_INET6:
            let bytes = unsafe UnsafeRawPointer(socket).load(as: sockaddr_in6.self).sin6_addr
            return unsafe withUnsafeBytes(of: bytes) { raw in
                let array = unsafe [UInt8](raw)
                return IPAddress(bytes: array.span)
            }
        default: return nil
        }
    }

    /// The path from the root, so that two directories with a `gateway.yaml` each have two names.
    private static func absolute(_ path: String) -> String {
        // SAFETY: realpath allocates the result, which is copied and freed here.
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
