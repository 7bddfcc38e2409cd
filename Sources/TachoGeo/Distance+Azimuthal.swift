extension Distance {
    /// Where a place lies on a map whose centre is `centre`, metres east and north: the azimuthal
    /// equidistant projection. From the centre, distances are those of `onSphere` and directions
    /// are right; elsewhere the map is stretched by at most 0.1 % within 500 km.
    ///
    /// Any two places, poles and antimeridian included. Cost: six sines and cosines.
    package static func azimuthal(
        from centre: Coordinate, to place: Coordinate
    ) -> (eastM: Double, northM: Double) {
        let lat1 = Double(centre.latE7) * radiansPerE7
        let lat2 = Double(place.latE7) * radiansPerE7
        let dLon = Double(wrappedDeltaLonE7(centre.lonE7, place.lonE7)) * radiansPerE7
        let halfLon = sine(dLon * 0.5)
        let east = cosine(lat2) * sine(dLon)
        // cos φ1 sin φ2 − sin φ1 cos φ2 cos Δλ, without the loss of digits of near places.
        let north = sine(lat2 - lat1) + 2 * sine(lat1) * cosine(lat2) * halfLon * halfLon
        let length = (east * east + north * north).squareRoot()
        guard length > 0 else { return (0, onSphere(centre, place)) }
        let scale = onSphere(centre, place) / length
        return (east * scale, north * scale)
    }
}
