public import GatePrimitives
public import NIOCore

/// One event loop with its deadlines; everything on it runs on its one thread.
///
/// Deadlines are coarse (a tick of 100 ms) and lazy: moving one later is a store, since NIO's scheduled tasks would
/// allocate for every request.
public final class WireLoop {
    /// NIO's loop.
    public let eventLoop: any EventLoop
    /// The loop's number, from 0.
    public let index: Int
    /// Hears of connections and handshakes.
    public weak var observer: (any WireObserver)?
    /// Connections that are open on this loop, both kinds of listeners.
    public internal(set) var openConnections = 0

    private var wheel: TimerWheel
    private var holders: ContiguousArray<(any DeadlineHolder)?> = []
    private var freeHolders: ContiguousArray<Int> = []
    private var ticker: RepeatedTask?
    private var nextConnection: UInt64 = 0
    private var date = HTTPDate()
    private var spares: ContiguousArray<ByteBuffer> = []

    /// A loop numbered `index`; call `start()` on its thread before use.
    public init(eventLoop: any EventLoop, index: Int) {
        self.eventLoop = eventLoop
        self.index = index
        self.wheel = TimerWheel(now: .now())
    }

    /// Begins to watch deadlines; `onTick` runs after each tick's deadlines.
    public func start(onTick: @escaping (MonotonicInstant) -> Void) {
        let bound = NIOLoopBound((self, onTick), eventLoop: eventLoop)
        let tick = TimeAmount.nanoseconds(TimerWheel.tick.nanoseconds)
        ticker = eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { _ in
            let (loop, onTick) = bound.value
            let now = MonotonicInstant.now()
            loop.fire(now)
            onTick(now)
        }
    }

    /// Stops watching deadlines.
    public func stop() {
        ticker?.cancel()
        ticker = nil
    }

    /// A connection number that carries the loop's, so that it is unique in the process.
    func nextConnectionID() -> UInt64 {
        nextConnection &+= 1
        return nextConnection &* 256 &+ UInt64(truncatingIfNeeded: index & 255)
    }

    // LIMIT: 64 spare buffers of at most 16 KiB a loop: enough for the heads of busy HTTP/2 connections.
    private static let maximumSpares = 64
    private static let maximumSpareCapacity = 16 * 1024

    /// Storage for a head on its way out, empty; the loop's connections share it, so that an idle one keeps none.
    public func takeBuffer() -> ByteBuffer {
        spares.popLast() ?? ByteBufferAllocator().buffer(capacity: 2048)
    }

    /// Takes storage back once what it held was written; leaves `buffer` without any.
    ///
    /// Storage that something else still holds would be copied only to be emptied: the caller is the last to hold it.
    public func keep(_ buffer: inout ByteBuffer) {
        var spare = ByteBuffer()
        swap(&spare, &buffer)
        guard spare.capacity > 0, spare.capacity <= Self.maximumSpareCapacity, spares.count < Self.maximumSpares
        else { return }
        spare.clear()
        spares.append(spare)
    }

    /// Appends the `date` line of an answer of the gateway's own.
    func writeDate(into buffer: inout ByteBuffer) { date.write(into: &buffer, now: .now()) }

    /// Sets or moves the holder's deadline; nil takes it back, lazily.
    @inlinable public func setDeadline(_ holder: any DeadlineHolder, at instant: MonotonicInstant?) {
        holder.deadline.at = instant
        guard let instant else { return }
        if let armed = holder.deadline.armedAt, armed <= instant { return }
        arm(holder, at: instant)
    }

    /// Forgets the holder; must be called before it goes away.
    public func removeDeadline(_ holder: any DeadlineHolder) {
        if let token = holder.deadline.token { _ = wheel.cancel(token) }
        if let slot = holder.deadline.slot {
            holders[slot] = nil
            freeHolders.append(slot)
        }
        holder.deadline = LoopDeadline()
    }

    @usableFromInline func arm(_ holder: any DeadlineHolder, at instant: MonotonicInstant) {
        if let token = holder.deadline.token { _ = wheel.cancel(token) }
        let slot: Int
        if let held = holder.deadline.slot {
            slot = held
        } else if let free = freeHolders.popLast() {
            slot = free
            holders[slot] = holder
        } else {
            slot = holders.count
            holders.append(holder)
        }
        holder.deadline.slot = slot
        holder.deadline.armedAt = instant
        holder.deadline.token = wheel.schedule(at: instant, payload: UInt64(truncatingIfNeeded: slot))
    }

    private func fire(_ now: MonotonicInstant) {
        while let payload = wheel.nextExpired(at: now) {
            let slot = Int(truncatingIfNeeded: payload)
            guard slot < holders.count, let holder = holders[slot] else { continue }
            holder.deadline.token = nil
            holder.deadline.armedAt = nil
            guard let at = holder.deadline.at else { continue }
            if now < at {
                arm(holder, at: at)
            } else {
                holder.deadline.at = nil
                holder.deadlinePassed(now)
            }
        }
    }
}

/// One who waits for at most one instant at a time.
public protocol DeadlineHolder: AnyObject {
    /// The loop's book-keeping; its owner only stores it.
    var deadline: LoopDeadline { get set }
    /// The deadline passed at most a tick ago.
    func deadlinePassed(_ now: MonotonicInstant)
}

/// The loop's book-keeping for one holder.
public struct LoopDeadline {
    /// When it is due; nil for not at all.
    @usableFromInline var at: MonotonicInstant?
    /// When the wheel looks at it next: never later than `at`.
    @usableFromInline var armedAt: MonotonicInstant?
    var token: TimerWheel.Token?
    var slot: Int?

    /// No deadline.
    public init() {}
}
