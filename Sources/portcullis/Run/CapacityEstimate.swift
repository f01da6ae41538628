import GateAdmission
import GateExchange
import GatePlan
import GatePrimitives
import GateSettings
import GateSupervisor

/// The worst case that a configuration allows, in bytes and descriptors, before anything runs.
///
/// Every client connection at its limit at once: a head as long as allowed, the relay's buffers full in both
/// directions, TLS on both sides. It is an upper bound of what the configuration's own limits admit, not a forecast.
struct CapacityEstimate {
    /// Client connections at a time.
    let connections: Int
    /// Descriptors: both sides of each connection, listeners, logs and the process's own.
    let descriptors: Int
    /// The hard limit of open files here.
    let descriptorLimit: Int
    /// Bytes for connections.
    let connectionBytes: Int
    /// Bytes for limiter zones.
    let zoneBytes: Int
    /// Bytes for bodies that the firewall inspects: what the loops hold at most, and as much again for what is read of it.
    let inspectionBytes: Int

    /// LIMIT: the state of an idle TLS connection (25 KB), and on both sides what is read ahead (256 KiB) and what waits
    /// to be written (64 KiB).
    private static let idleBytes = 25 << 10
    private static let relayBytes = 2 * (256 + 64) << 10
    /// Sockets, logs, and the loops' own.
    private static let reservedDescriptors = 64

    /// The worst case of `plan`, which `settings` compiled to, on this machine.
    init(_ settings: Settings, _ plan: Plan) {
        descriptorLimit = Privileges.raiseOpenFiles()
        // Half of them are connections to backends.
        connections = plan.process.maximumConnections / 2
        descriptors = Self.reservedDescriptors + 2 * connections
        let head = settings.listeners.map { Int(clamping: $0.limits.head.bytes) }.max() ?? 0
        connectionBytes = connections * (Self.idleBytes + head + Self.relayBytes)
        let inspects = plan.routes.contains { $0.admission.inspection != nil }
        inspectionBytes = inspects ? 2 * plan.process.loops * ExchangeLoop.maximumInspectedBytes : 0
        zoneBytes = settings.limits.reduce(0) { $0 + Int(clamping: $1.zone.value.bytes) }
    }

    /// Whether the descriptors are there.
    var fits: Bool { descriptors <= descriptorLimit }

    /// The estimate for people.
    var lines: [String] {
        let mebi = 1 << 20
        return [
            "connections: \(connections)",
            "descriptors: \(descriptors) of \(descriptorLimit)\(fits ? "" : " (raise the limit of open files)")",
            "memory:      \(connectionBytes / mebi) MiB for connections, \(zoneBytes / mebi) MiB for limits"
                + (inspectionBytes > 0 ? ", \(inspectionBytes / mebi) MiB for inspected bodies" : "") + ", at most",
        ]
    }

    /// The estimate for programs.
    var json: JSONOutput {
        .object([
            .init("connections", .number(connections)), .init("descriptors", .number(descriptors)),
            .init("descriptorLimit", .number(descriptorLimit)), .init("connectionBytes", .number(connectionBytes)),
            .init("zoneBytes", .number(zoneBytes)), .init("inspectionBytes", .number(inspectionBytes)),
        ])
    }
}
