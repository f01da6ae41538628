public import GatePrimitives

/// What a loop's listeners and connections report beside their exchanges: counts for metrics and the event log.
///
/// Called on the loop; one per loop.
public protocol WireObserver: AnyObject {
    /// A connection was accepted.
    func connectionOpened(_ facts: AcceptedConnection)
    /// A load balancer's PROXY header was read: `facts` names the client from now on.
    func connectionIdentified(_ facts: AcceptedConnection)
    /// A connection is gone.
    func connectionClosed(_ facts: AcceptedConnection)
    /// A connection was refused or cut before a request existed: one event line with the reason.
    func connectionRefused(_ facts: AcceptedConnection, _ reason: Reason)
    /// A handshake ended well after `duration`.
    func handshakeCompleted(_ facts: AcceptedConnection, duration: TimeSpan)
    /// A handshake failed.
    func handshakeFailed(_ facts: AcceptedConnection, _ reason: Reason)
}
