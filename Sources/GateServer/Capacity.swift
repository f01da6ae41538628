import GateObserve
import GatePlan
import GatePrimitives
import GateSupervisor

/// Whether the host lets the process hold what the plan promises.
enum Capacity {
    // LIMIT: descriptors that are no connections: sockets, logs, loops, the runtime's own.
    static let reserved = 64

    /// Whether the descriptor limit allows the connections that the plan asks for; an event says so where not.
    static func check(_ plan: Plan, _ events: EventLog) -> Bool {
        let limit = Privileges.raiseOpenFiles()
        let available = limit - reserved
        guard plan.process.maximumConnections <= available else {
            events.emit(
                .overloaded,
                [
                    EventField("error", "process.maxConnections needs more open files than the limit allows"),
                    EventField("maxConnections", plan.process.maximumConnections), EventField("limit", limit),
                ])
            return false
        }
        return true
    }
}
