import GatePrimitives

/// The slots of connections and the two orders of those that idle; nothing is allocated once the pool is warm.
extension PoolStateMachine {
    func connection(_ slot: Int) -> PooledConnection {
        PooledConnection(slot: slot, generation: slots[slot].generation)
    }

    /// The phase of a connection; free for one that is gone, whose slot may serve another by now.
    func phase(of connection: PooledConnection) -> Phase {
        guard connection.slot >= 0, connection.slot < slots.count,
            slots[connection.slot].generation == connection.generation
        else { return .free }
        return slots[connection.slot].phase
    }

    mutating func noteBug() { bugs &+= 1 }

    mutating func takeSlot() -> Int {
        guard freeSlot >= 0 else {
            slots.append(Slot())
            return slots.count &- 1
        }
        let slot = freeSlot
        freeSlot = slots[slot].older
        return slot
    }

    /// Gives back the slot of a connection that is no more.
    mutating func freeUp(_ slot: Int) {
        slots[slot].phase = .free
        slots[slot].generation &+= 1
        slots[slot].older = freeSlot
        freeSlot = slot
    }

    /// A connection in use is no more.
    mutating func leave(_ slot: Int) {
        inUse &-= 1
        balancer.endpoints[slots[slot].endpoint].leave()
        freeUp(slot)
    }

    mutating func linkIdle(_ slot: Int, at now: MonotonicInstant) {
        idle &+= 1
        slots[slot].phase = .idle
        slots[slot].idleSince = now
        slots[slot].newer = -1
        slots[slot].older = newestIdle
        if newestIdle >= 0 { slots[newestIdle].newer = slot } else { oldestIdle = slot }
        newestIdle = slot
        let top = tops[slots[slot].endpoint]
        slots[slot].above = -1
        slots[slot].below = top
        if top >= 0 { slots[top].above = slot }
        tops[slots[slot].endpoint] = slot
    }

    mutating func unlinkIdle(_ slot: Int) {
        idle &-= 1
        let entry = slots[slot]
        if entry.newer >= 0 { slots[entry.newer].older = entry.older } else { newestIdle = entry.older }
        if entry.older >= 0 { slots[entry.older].newer = entry.newer } else { oldestIdle = entry.newer }
        if entry.above >= 0 { slots[entry.above].below = entry.below } else { tops[entry.endpoint] = entry.below }
        if entry.below >= 0 { slots[entry.below].above = entry.above }
    }

    /// An idle connection is no more.
    mutating func dropIdle(_ slot: Int) {
        unlinkIdle(slot)
        freeUp(slot)
    }
}
