import GateObserve
import GatePrimitives
import GateWire

/// What a loop keeps of one connection for logs and metrics.
final class ConnectionLog {
    /// The facts as log lines show them.
    let facts: ConnectionFacts
    /// The listener's series.
    let slot: SeriesSlot
    private(set) var state: ConnectionState
    private let metrics: LoopMetrics
    /// Exchanges that are open on it: more than one where streams share it.
    private var exchanges = 0

    init(_ connection: AcceptedConnection, names: NameTable, metrics: LoopMetrics, state: ConnectionState) {
        let version: TLSVersion
        switch connection.tls?.version {
        case "TLSv1.3": version = .tls13
        case "TLSv1.2": version = .tls12
        default: version = .none
        }
        self.facts = ConnectionFacts(
            number: connection.id, listener: connection.listener, names: names,
            peer: connection.peer?.description ?? "unix:", sni: connection.tls?.serverName ?? "", tls: version)
        self.slot = metrics.listener(connection.listener, of: names)
        self.metrics = metrics
        self.state = state
        metrics.connection(slot, from: nil, to: state)
    }

    /// An exchange begins.
    func exchangeBegan() {
        exchanges &+= 1
        move(to: .active)
    }

    /// An exchange is over.
    func exchangeEnded() {
        exchanges &-= 1
        if exchanges == 0 { move(to: .idle) }
    }

    private func move(to state: ConnectionState) {
        guard state != self.state else { return }
        metrics.connection(slot, from: self.state, to: state)
        self.state = state
    }

    func close() { metrics.connection(slot, from: state, to: nil) }
}
