import GateAdmission
public import NIOCore

/// A question of a check on its way to a dependency; its answer resumes the request, if that still waits.
///
/// Belongs to the loop that asked.
public final class PendingQuestion {
    /// The number that the check chose.
    public let number: Int
    private weak var exchange: Exchange?
    private let wait: UInt64

    init(number: Int, exchange: Exchange) {
        self.number = number
        self.exchange = exchange
        self.wait = exchange.wait
    }

    /// Answers it, once; nil where the dependency did not. An answer that comes too late changes nothing.
    public func answer(_ bytes: ByteBuffer?) {
        guard let exchange, exchange.wait == wait else { return }
        self.exchange = nil
        exchange.resume(.answered(bytes))
    }
}
