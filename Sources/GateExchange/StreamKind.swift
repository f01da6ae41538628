import GateHTTP
import GatePrimitives

/// How an answer can be ended before its end, so that its client learns of it as its protocol has it.
enum StreamKind: Equatable {
    /// Its length is known: it ends by itself.
    case none
    /// Of unknown length, and nothing says where it may be ended: it is cut.
    case plain
    /// Events: ended cleanly between two of them.
    case events
    /// gRPC: ended by trailers with a status.
    case grpc

    /// The kind of an answer.
    init(_ response: borrowing VettedResponse) {
        switch response.framing {
        case .none, .length:
            self = .none
            return
        case .chunked, .untilClose: break
        }
        if response.hasMediaType("text/event-stream") {
            self = .events
        } else if response.hasMediaType("application/grpc") {
            self = .grpc
        } else {
            self = .plain
        }
    }
}

/// Why a stream ends, and until when it may look for a place to end at.
struct StreamEnd {
    let fault: Fault
    let due: MonotonicInstant
}
