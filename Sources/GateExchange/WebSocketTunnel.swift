import GateHTTP
import GatePrimitives

/// A WebSocket that stands: both directions, and how long they may be silent.
struct WebSocketTunnel {
    /// What the client sends.
    var toBackend: WebSocketDirection
    /// What the backend sends.
    var toClient: WebSocketDirection
    /// The client has ended its side of the connection.
    var clientHasEnded = false
    /// What the client is told once the gateway ends the WebSocket.
    var close = WebSocketClose.goingAway
    /// When it was silent for too long.
    private(set) var idleDue: MonotonicInstant
    private let idle: TimeSpan

    init(reserved: WebSocketReservedBits, idle: TimeSpan, now: MonotonicInstant) {
        toBackend = WebSocketDirection(from: .client, reserved: reserved)
        toClient = WebSocketDirection(from: .server, reserved: reserved)
        self.idle = idle
        idleDue = now.advanced(by: idle)
    }

    /// Something was said.
    mutating func touch(_ now: MonotonicInstant) { idleDue = now.advanced(by: idle) }
}
