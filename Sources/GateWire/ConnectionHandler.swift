import GatePrimitives
import NIOCore

/// What a listener does to its connections, whatever they speak.
protocol ConnectionHandler: ChannelHandler, DeadlineHolder {
    /// Bytes of buffers that it holds.
    var pinnedBytes: Int { get }
    /// Ends the connection when nothing is open on it, and takes nothing new.
    func drain()
    /// Ends the connection at once.
    func cut(_ reason: Reason)
    /// The connection is no more; its exchanges hear why.
    func gone(_ reason: Reason)
}

extension DownstreamConnection: ConnectionHandler {}
