import GateAdmission
import GateHTTP
import GateIdentity
import GatePrimitives
import GateUpstreams
import GateWire
import NIOCore

/// One fetch of a key set or discovery document, as an errand over the gateway's own upstream client.
///
/// No redirect is followed (attacks 53), no more than the bound is read, and it ends in time whatever the peer does.
final class KeySetFetcher: UpstreamDelegate {
    typealias Finish = (Result<[UInt8], KeySetFailure>) -> Void

    private let fetch: KeySetStateMachine.Fetch
    private let url: KeySetURL
    private let pool: UpstreamPool?
    private let wire: WireLoop
    private let resolver: EndpointResolver
    private var finish: Finish?
    private var lease: Lease?
    private var status = 0
    private var body: [UInt8] = []
    private var timeout: Scheduled<Void>?

    init(
        _ fetch: KeySetStateMachine.Fetch, url: KeySetURL, name: String, roots: String?, wire: WireLoop,
        resolver: EndpointResolver, finish: @escaping Finish
    ) {
        self.fetch = fetch
        self.url = url
        self.wire = wire
        self.resolver = resolver
        self.finish = finish
        self.pool = Self.pool(fetch, url, name, roots, wire, resolver)
    }

    /// A pool of its own that keeps nothing: fetches are minutes apart.
    private static func pool(
        _ fetch: KeySetStateMachine.Fetch, _ url: KeySetURL, _ name: String, _ roots: String?, _ wire: WireLoop,
        _ resolver: EndpointResolver
    ) -> UpstreamPool? {
        let address = IPAddress(url.host)
        let endpoint = address.map { SocketEndpoint.ip($0, port: url.port) } ?? .name(url.host, port: url.port)
        var settings = UpstreamSettings(name: name, index: -1, endpoints: [.init(address: endpoint)])
        settings.maximumIdle = 0
        settings.timeouts.connect = fetch.timeout
        settings.timeouts.read = fetch.timeout
        // A provider may be on the internet; link-local and metadata addresses are refused all the same.
        settings.addresses = EndpointAddressPolicy(allowsPublic: true, listeners: [], local: [])
        if url.isSecure {
            guard
                let tls = try? UpstreamTLS(
                    roots: roots, serverName: address == nil ? url.host : nil, clientCertificate: nil)
            else { return nil }
            settings.tls = tls
        }
        return UpstreamPool(settings: settings, loop: wire, resolver: resolver)
    }

    private static let fields: FieldBlock = {
        var fields = FieldBlock()
        // Neither can be refused; the fetch would work without them.
        try? fields.append(.accept, "application/json")
        try? fields.append(.userAgent, "portcullis")
        return fields
    }()

    func start() {
        guard let pool else { return end(.failure(.unreachable)) }
        let bound = NIOLoopBound(self, eventLoop: wire.eventLoop)
        timeout = wire.eventLoop.scheduleTask(in: .nanoseconds(fetch.timeout.nanoseconds)) {
            bound.value.end(.failure(.timedOut))
        }
        var request = Errand(purpose: "key set").dispatch()
        switch pool.lease(&request, Attempts(), readTimeout: fetch.timeout, for: self) {
        case .leased(let lease): upstreamLeased(lease)
        case .unavailable(let fault): upstreamUnavailable(fault)
        case .connecting: break
        }
    }

    func cancel() {
        finish = nil
        end(.failure(.unreachable))
    }

    private func end(_ result: Result<[UInt8], KeySetFailure>) {
        timeout?.cancel()
        timeout = nil
        pool?.cancel(self)
        if let lease = lease.take() { lease.end(.abandoned) }
        let finish = finish
        self.finish = nil
        finish?(result)
    }

    func upstreamLeased(_ lease: consuming Lease) {
        let stream = lease.stream
        self.lease = consume lease
        stream.writeHead(ErrandHead(target: url.target, authority: url.authority, fields: Self.fields))
        stream.writeEnd(nil)
        stream.flush()
    }

    func upstreamUnavailable(_ fault: Fault) {
        end(.failure(fault.reason == .upstreamAddressRefused ? .addressRefused : .unreachable))
    }

    func upstreamInformational(_ response: borrowing VettedResponse) {}

    func upstreamHead(_ response: consuming VettedResponse) {
        status = response.status
        guard status == 200 else { return end(.failure(.status(status))) }
        if case .length(let length) = response.framing, length > UInt64(fetch.maxBytes) { end(.failure(.tooLarge)) }
    }

    func upstreamBody(_ chunk: ByteBuffer) {
        guard body.count + chunk.readableBytes <= fetch.maxBytes else { return end(.failure(.tooLarge)) }
        body.append(contentsOf: chunk.readableBytesView)
    }

    func upstreamEnd(_ trailers: FieldBlock?) { end(.success(body)) }

    func upstreamReadComplete() {}

    func upstreamWritable() {}

    func upstreamFailed(_ fault: Fault) {
        end(.failure(fault.reason == .upstreamTimeout ? .timedOut : .unreachable))
    }
}
