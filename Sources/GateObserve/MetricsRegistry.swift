import Synchronization

/// Which series belongs to which name: counters survive a reload by name, whatever their new index is.
///
/// One per process. A plan's names are looked up once per plan; after that a request finds its series by index.
/// Memory is bounded: beyond the limit of its kind a new name counts as `other`; a vanished name keeps its series.
public final class MetricsRegistry: Sendable {
    /// How many names of each kind have series of their own.
    enum Limits {
        static let listeners = 1024
        static let routes = 131_072
        static let upstreams = 16_384
        static let endpoints = 65_536
        static let ruleSets = 1024
    }

    struct State {
        var listeners = NameSpace(limit: Limits.listeners)
        var routes = NameSpace(limit: Limits.routes)
        var upstreams = NameSpace(limit: Limits.upstreams)
        /// Named by upstream and endpoint.
        var endpoints = NameSpace(limit: Limits.endpoints)
        var ruleSets = NameSpace(limit: Limits.ruleSets)
        /// The maps of the last plans, so that each loop need not make its own.
        var maps: [SeriesMap] = []
    }

    private let state = Mutex(State())

    /// An empty registry.
    public init() {}

    /// The series of all names of `names`.
    func map(_ names: NameTable) -> SeriesMap {
        state.withLock { state in
            if let known = state.maps.first(where: { $0.names === names }) { return known }
            let map = SeriesMap(
                names: names,
                listeners: names.listeners.map { state.listeners.slot($0) },
                routes: names.routes.map { state.routes.slot($0) },
                upstreams: names.upstreams.map { state.upstreams.slot($0.name) },
                endpoints: names.upstreams.map { upstream in
                    upstream.endpoints.map { state.endpoints.slot(upstream.name, $0) }
                },
                ruleSets: names.ruleSets.map { state.ruleSets.slot($0) })
            state.maps.append(map)
            if state.maps.count > 2 { state.maps.removeFirst() }
            return map
        }
    }

    /// The names of all series.
    func names() -> State { state.withLock { $0 } }
}

/// The series of one plan's names, in the plan's order.
final class SeriesMap: Sendable {
    let names: NameTable
    let listeners: [Int]
    let routes: [Int]
    let upstreams: [Int]
    let endpoints: [[Int]]
    let ruleSets: [Int]

    init(
        names: NameTable, listeners: [Int], routes: [Int], upstreams: [Int], endpoints: [[Int]], ruleSets: [Int]
    ) {
        self.names = names
        self.listeners = listeners
        self.routes = routes
        self.upstreams = upstreams
        self.endpoints = endpoints
        self.ruleSets = ruleSets
    }
}

/// Names of one kind and their slots: 0 for "no name", 1 for what came when all slots were taken.
struct NameSpace: Sendable {
    /// A name, with the name of what it belongs to, if anything.
    struct Name: Hashable, Sendable {
        let owner: String
        let text: String
    }

    /// The slot of what found no room.
    static let other = 1

    /// The names by slot.
    private(set) var names = [Name(owner: "", text: ""), Name(owner: "other", text: "other")]
    private var slots: [Name: Int] = [Name(owner: "", text: "other"): other]
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The slot of a name without an owner.
    mutating func slot(_ text: String) -> Int { slot("", text) }

    /// The slot of `text` that belongs to `owner`: its old one, a new one, or ``other``.
    mutating func slot(_ owner: String, _ text: String) -> Int {
        let name = Name(owner: owner, text: text)
        if let known = slots[name] { return known }
        guard names.count < limit else { return Self.other }
        names.append(name)
        slots[name] = names.count - 1
        return names.count - 1
    }
}
