public import GatePrimitives
public import GateSettings
import GateSupervisor
import Glibc

/// What compiling needs to know of the machine; given, so that equal input gives an equal plan.
public struct MachineFacts: Sendable {
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
    ) -> MachineFacts {
        MachineFacts(
            processors: Privileges.usableProcessors, descriptorLimit: Privileges.raiseOpenFiles(),
            localAddresses: LocalAddresses.all, now: .now(),
            pseudonym: Digest.pseudonym(configuration: absolute(path), files: files))
    }

    /// The path from the root, so that two directories with a `gateway.yaml` each have two names.
    private static func absolute(_ path: String) -> String {
        // SAFETY: realpath allocates the result, which is copied and freed here.
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
