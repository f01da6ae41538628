/// Deadlines of one loop in ticks of 100 ms: setting, moving and cancelling take constant time.
///
/// A hashed wheel (Varghese and Lauck, 1987): a slot a tick, a deadline beyond one turn waits in its slot for its turn.
/// A deadline never fires early and at most one tick late. Memory grows to the highest count of live timers and stays.
/// Pure: the clock is given, nothing is called back; the caller takes what is due with ``nextExpired(at:)``.
public struct TimerWheel: Sendable {
    /// One timer that was set; valid until it fires or is cancelled, harmless afterwards.
    public struct Token: Hashable, Sendable {
        fileprivate let node: Int32
        fileprivate let generation: UInt32
    }

    private struct Node {
        var next: Int32
        var previous: Int32
        var tick: Int64
        var payload: UInt64
        var generation: UInt32
        var isLive: Bool
    }

    /// A tick in nanoseconds.
    public static let tick = TimeSpan.milliseconds(100)

    /// Heads of lists stand first: one a slot, then the list of those due.
    private var nodes: ContiguousArray<Node>
    private var free: Int32 = -1
    private let slots: Int
    private let due: Int32
    /// The last tick whose slot was searched.
    private var current: Int64

    /// How many timers are set.
    public private(set) var count = 0

    /// An empty wheel at `now` with 2^`turnBits` slots (1 to 16; 10 make a turn of 102.4 s) and room for `reserve` timers.
    public init(now: MonotonicInstant, turnBits: Int = 10, reserve: Int = 0) {
        slots = 1 << max(1, min(turnBits, 16))
        due = Int32(truncatingIfNeeded: slots)
        current = Self.floor(now)
        nodes = []
        nodes.reserveCapacity(slots &+ 1 &+ max(0, min(reserve, 1 << 24)))
        for index in 0...due {
            nodes.append(Node(next: index, previous: index, tick: 0, payload: 0, generation: 0, isLive: false))
        }
    }

    /// Sets a timer that yields `payload` at `deadline`; one that has passed is due at the next tick.
    public mutating func schedule(at deadline: MonotonicInstant, payload: UInt64) -> Token {
        let index: Int32
        if free >= 0 {
            index = free
            free = nodes[Int(index)].next
        } else {
            index = Int32(truncatingIfNeeded: nodes.count)
            nodes.append(Node(next: -1, previous: -1, tick: 0, payload: 0, generation: 0, isLive: false))
        }
        nodes[Int(index)].payload = payload
        nodes[Int(index)].isLive = true
        count &+= 1
        place(index, deadline)
        return Token(node: index, generation: nodes[Int(index)].generation)
    }

    /// Moves a timer to another deadline; false where it has fired or was cancelled.
    @discardableResult
    public mutating func move(_ token: Token, to deadline: MonotonicInstant) -> Bool {
        guard isLive(token) else { return false }
        unlink(token.node)
        place(token.node, deadline)
        return true
    }

    /// Takes a timer back; false where it has fired or was cancelled.
    @discardableResult
    public mutating func cancel(_ token: Token) -> Bool {
        guard isLive(token) else { return false }
        unlink(token.node)
        recycle(token.node)
        return true
    }

    /// The payload of one timer that is due at `now`, which is thereby spent; nil where none is left.
    ///
    /// Call it until nil. Timers may be set, moved and cancelled between two calls; those set meanwhile wait for a later tick.
    public mutating func nextExpired(at now: MonotonicInstant) -> UInt64? {
        let tick = Self.floor(now)
        if tick > current { collect(upTo: tick) }
        let index = nodes[Int(due)].next
        guard index != due else { return nil }
        unlink(index)
        let payload = nodes[Int(index)].payload
        recycle(index)
        return payload
    }

    /// Moves what is due from the slots that have passed to the list of those due.
    private mutating func collect(upTo tick: Int64) {
        // LIMIT: after a long sleep every slot is searched once, no more.
        let steps = min(tick &- current, Int64(slots))
        var step: Int64 = steps
        while step > 0 {
            let head = slot(tick &- step &+ 1)
            var index = nodes[Int(head)].next
            while index != head {
                let next = nodes[Int(index)].next
                if nodes[Int(index)].tick <= tick {
                    unlink(index)
                    append(index, to: due)
                }
                index = next
            }
            step &-= 1
        }
        current = tick
    }

    private mutating func place(_ index: Int32, _ deadline: MonotonicInstant) {
        let tick = max(Self.ceiling(deadline), current &+ 1)
        nodes[Int(index)].tick = tick
        append(index, to: slot(tick))
    }

    private func isLive(_ token: Token) -> Bool {
        token.node > due && Int(token.node) < nodes.count && nodes[Int(token.node)].isLive
            && nodes[Int(token.node)].generation == token.generation
    }

    private func slot(_ tick: Int64) -> Int32 { Int32(truncatingIfNeeded: tick & Int64(slots &- 1)) }

    private mutating func append(_ index: Int32, to head: Int32) {
        let last = nodes[Int(head)].previous
        nodes[Int(index)].previous = last
        nodes[Int(index)].next = head
        nodes[Int(last)].next = index
        nodes[Int(head)].previous = index
    }

    private mutating func unlink(_ index: Int32) {
        let next = nodes[Int(index)].next
        let previous = nodes[Int(index)].previous
        nodes[Int(previous)].next = next
        nodes[Int(next)].previous = previous
    }

    private mutating func recycle(_ index: Int32) {
        nodes[Int(index)].isLive = false
        nodes[Int(index)].generation &+= 1
        nodes[Int(index)].next = free
        free = index
        count &-= 1
    }

    private static func floor(_ instant: MonotonicInstant) -> Int64 { max(0, instant.nanoseconds) / tick.nanoseconds }

    private static func ceiling(_ instant: MonotonicInstant) -> Int64 {
        let whole = floor(instant)
        return whole &* tick.nanoseconds < instant.nanoseconds ? whole &+ 1 : whole
    }
}
