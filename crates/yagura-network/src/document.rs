//! The answers of the Describe calls, as the AWS CLI prints them: only the members the analysis reads. Unknown members
//! are ignored; absent ones and `null` are empty.

use serde::{Deserialize, Deserializer};

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or not the shape that its name says.
    #[error("`{file}`: {detail} (at `{field}`)")]
    Shape {
        /// The file.
        file: String,
        /// Where in the document, as in `Subnets[3].VpcId`.
        field: String,
        /// What is wrong.
        detail: String,
    },
}

fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident { $($field:ident $wire:literal : $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[allow(missing_docs, reason = "named as in the EC2 and Elastic Load Balancing references")]
        pub struct $name {
            $(#[serde(rename = $wire, default, deserialize_with = "nullable")] pub $field: $kind),*
        }
    )*};
}

shapes! {
    /// Anything with an id and a state.
    State { state "State": String, code "Code": String }
    /// A VPC.
    Vpc { id "VpcId": String, owner "OwnerId": String, block "CidrBlock": String,
        v4 "CidrBlockAssociationSet": Vec<VpcBlock>, v6 "Ipv6CidrBlockAssociationSet": Vec<VpcBlock6> }
    /// An IPv4 block of a VPC.
    VpcBlock { block "CidrBlock": String, state "CidrBlockState": State }
    /// An IPv6 block of a VPC.
    VpcBlock6 { block "Ipv6CidrBlock": String, state "Ipv6CidrBlockState": State }
    /// A subnet.
    Subnet { id "SubnetId": String, vpc "VpcId": String, owner "OwnerId": String, zone "AvailabilityZoneId": String,
        zone_name "AvailabilityZone": String, public_access "BlockPublicAccessStates": BlockStates }
    /// Block Public Access as it holds for one subnet.
    BlockStates { mode "InternetGatewayBlockMode": String }
    /// A reservation of instances.
    Reservation { owner "OwnerId": String, instances "Instances": Vec<Instance> }
    /// An instance.
    Instance { id "InstanceId": String, state "State": InstanceState, kind "InstanceType": String, image "ImageId": String,
        vpc "VpcId": String, subnet "SubnetId": String, tags "Tags": Vec<Tag> }
    /// State of an instance.
    InstanceState { name "Name": String }
    /// A tag.
    Tag { key "Key": String, value "Value": String }
    /// A network interface.
    Interface { id "NetworkInterfaceId": String, subnet "SubnetId": String, vpc "VpcId": String, owner "OwnerId": String,
        description "Description": String, groups "Groups": Vec<GroupId>, address "PrivateIpAddress": String,
        association "Association": Association, addresses "PrivateIpAddresses": Vec<PrivateAddress>,
        v6 "Ipv6Addresses": Vec<Address6>, attachment "Attachment": Attachment, check "SourceDestCheck": Option<bool> }
    /// Names a group.
    GroupId { id "GroupId": String }
    /// A public address.
    Association { public "PublicIp": String }
    /// A private address and its public one.
    PrivateAddress { address "PrivateIpAddress": String, primary "Primary": bool, association "Association": Association }
    /// An IPv6 address.
    Address6 { address "Ipv6Address": String }
    /// To what an interface is attached.
    Attachment { instance "InstanceId": String, status "Status": String, device "DeviceIndex": i64 }
    /// A security group.
    SecurityGroup { id "GroupId": String, vpc "VpcId": String, owner "OwnerId": String,
        inbound "IpPermissions": Vec<Permission>, outbound "IpPermissionsEgress": Vec<Permission> }
    /// One rule of a group.
    Permission { protocol "IpProtocol": String, from "FromPort": Option<i64>, to "ToPort": Option<i64>,
        v4 "IpRanges": Vec<Range4>, v6 "Ipv6Ranges": Vec<Range6>, lists "PrefixListIds": Vec<ListId>,
        groups "UserIdGroupPairs": Vec<Pair> }
    /// An IPv4 range.
    Range4 { block "CidrIp": String }
    /// An IPv6 range.
    Range6 { block "CidrIpv6": String }
    /// Names a prefix list.
    ListId { id "PrefixListId": String }
    /// A reference to a group.
    Pair { id "GroupId": String, vpc "VpcId": String, peering "VpcPeeringConnectionId": String,
        status "PeeringStatus": String }
    /// A network ACL.
    Acl { id "NetworkAclId": String, owner "OwnerId": String, associations "Associations": Vec<SubnetId>,
        entries "Entries": Vec<AclEntry> }
    /// Names a subnet.
    SubnetId { id "SubnetId": String }
    /// One rule of an ACL.
    AclEntry { number "RuleNumber": i64, egress "Egress": bool, protocol "Protocol": String, action "RuleAction": String,
        v4 "CidrBlock": String, v6 "Ipv6CidrBlock": String, ports "PortRange": Option<PortRange> }
    /// Ports, both ends included.
    PortRange { from "From": Option<i64>, to "To": Option<i64> }
    /// A route table.
    RouteTable { id "RouteTableId": String, vpc "VpcId": String, owner "OwnerId": String,
        associations "Associations": Vec<TableAssociation>, routes "Routes": Vec<Route> }
    /// What uses a route table.
    TableAssociation { main "Main": bool, subnet "SubnetId": String, gateway "GatewayId": String,
        state "AssociationState": State }
    /// A route.
    Route { v4 "DestinationCidrBlock": String, v6 "DestinationIpv6CidrBlock": String, list "DestinationPrefixListId": String,
        gateway "GatewayId": String, nat "NatGatewayId": String, transit "TransitGatewayId": String,
        peering "VpcPeeringConnectionId": String, interface "NetworkInterfaceId": String, instance "InstanceId": String,
        egress_only "EgressOnlyInternetGatewayId": String, local "LocalGatewayId": String, carrier "CarrierGatewayId": String,
        core "CoreNetworkArn": String, origin "Origin": String, state "State": String }
    /// An internet gateway.
    InternetGateway { id "InternetGatewayId": String, owner "OwnerId": String, attachments "Attachments": Vec<VpcAttachment> }
    /// Attachment of a gateway to a VPC.
    VpcAttachment { vpc "VpcId": String, state "State": String }
    /// A peering connection.
    Peering { id "VpcPeeringConnectionId": String, status "Status": State, accepter "AccepterVpcInfo": PeeringEnd,
        requester "RequesterVpcInfo": PeeringEnd }
    /// One end of a peering connection.
    PeeringEnd { vpc "VpcId": String, owner "OwnerId": String, region "Region": String, block "CidrBlock": String,
        v4 "CidrBlockSet": Vec<Block4>, v6 "Ipv6CidrBlockSet": Vec<Block6> }
    /// An IPv4 block.
    Block4 { block "CidrBlock": String }
    /// An IPv6 block.
    Block6 { block "Ipv6CidrBlock": String }
    /// A virtual private gateway.
    VpnGateway { id "VpnGatewayId": String, state "State": String, attachments "VpcAttachments": Vec<VpcAttachment> }
    /// A transit gateway.
    TransitGateway { id "TransitGatewayId": String, owner "OwnerId": String, state "State": String, options "Options": TransitOptions }
    /// Options of a transit gateway or attachment.
    TransitOptions { references "SecurityGroupReferencingSupport": String }
    /// An attachment as the gateway lists it.
    TransitAttachment { id "TransitGatewayAttachmentId": String, gateway "TransitGatewayId": String,
        kind "ResourceType": String, resource "ResourceId": String, owner "ResourceOwnerId": String, state "State": String,
        association "Association": TransitAssociation }
    /// Which table an attachment uses.
    TransitAssociation { table "TransitGatewayRouteTableId": String, state "State": String }
    /// An attachment as the VPC lists it.
    TransitVpcAttachment { id "TransitGatewayAttachmentId": String, gateway "TransitGatewayId": String, vpc "VpcId": String,
        owner "VpcOwnerId": String, state "State": String, subnets "SubnetIds": Vec<String>, options "Options": TransitOptions }
    /// A route of a transit gateway.
    TransitRoute { block "DestinationCidrBlock": String, list "PrefixListId": String, kind "Type": String, state "State": String,
        attachments "TransitGatewayAttachments": Vec<TransitTarget> }
    /// Where a transit gateway sends.
    TransitTarget { id "TransitGatewayAttachmentId": String, kind "ResourceType": String, resource "ResourceId": String }
    /// A prefix list with its entries.
    PrefixList { id "PrefixListId": String, blocks "Cidrs": Vec<String> }
    /// An entry of a managed prefix list.
    ListEntry { block "Cidr": String }
    /// A VPC endpoint.
    Endpoint { id "VpcEndpointId": String, owner "OwnerId": String, kind "VpcEndpointType": String, state "State": String,
        vpc "VpcId": String, subnets "SubnetIds": Vec<String> }
    /// Block Public Access of an account and region.
    BlockOptions { mode "InternetGatewayBlockMode": String }
    /// An exclusion from Block Public Access.
    Exclusion { id "ExclusionId": String, resource "ResourceArn": String, mode "InternetGatewayExclusionMode": String,
        state "State": String }
    /// An Application, Network or Gateway load balancer.
    Balancer { arn "LoadBalancerArn": String, name "LoadBalancerName": String, vpc "VpcId": String, kind "Type": String,
        state "State": State, zones "AvailabilityZones": Vec<Zone>, groups "SecurityGroups": Vec<String>,
        addresses "IpAddressType": String }
    /// A zone of a load balancer.
    Zone { name "ZoneName": String, subnet "SubnetId": String }
    /// A target group.
    TargetGroup { arn "TargetGroupArn": String, protocol "Protocol": String, port "Port": Option<i64>, vpc "VpcId": String,
        kind "TargetType": String, addresses "IpAddressType": String }
    /// A listener.
    Listener { arn "ListenerArn": String, balancer "LoadBalancerArn": String, port "Port": Option<i64>, protocol "Protocol": String,
        actions "DefaultActions": Vec<Action> }
    /// What a listener or rule does.
    Action { kind "Type": String, group "TargetGroupArn": String, forward "ForwardConfig": Forward }
    /// Weighted target groups.
    Forward { groups "TargetGroups": Vec<Weighted> }
    /// A target group and its weight.
    Weighted { arn "TargetGroupArn": String, weight "Weight": Option<i64> }
    /// A rule of a listener.
    Rule { arn "RuleArn": String, conditions "Conditions": Vec<Condition>, actions "Actions": Vec<Action> }
    /// When a rule applies.
    Condition { field "Field": String, values "Values": Vec<String>, sources "SourceIpConfig": Sources }
    /// Senders to which a rule applies.
    Sources { values "Values": Vec<String> }
    /// A named setting.
    Attribute { key "Key": String, value "Value": String }
    /// A target and its health.
    Health { target "Target": Target }
    /// A target.
    Target { id "Id": String, port "Port": Option<i64> }
    /// A Classic load balancer.
    Classic { name "LoadBalancerName": String, vpc "VPCId": String, subnets "Subnets": Vec<String>,
        groups "SecurityGroups": Vec<String>, instances "Instances": Vec<ClassicInstance>,
        listeners "ListenerDescriptions": Vec<ClassicListener> }
    /// A registered instance.
    ClassicInstance { id "InstanceId": String }
    /// A listener of a Classic load balancer.
    ClassicListener { listener "Listener": ClassicPorts }
    /// Ports of such a listener.
    ClassicPorts { protocol "Protocol": String, port "LoadBalancerPort": Option<i64>, instance_port "InstancePort": Option<i64> }
    /// Settings of a Classic load balancer.
    ClassicAttributes { cross_zone "CrossZoneLoadBalancing": Enabled }
    /// A switch.
    Enabled { enabled "Enabled": bool }
}

/// Where a document was taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scope {
    /// Twelve digits; empty where the folder does not tell.
    pub account: String,
    /// As in `eu-west-1`; empty where the folder does not tell.
    pub region: String,
    /// Laid over the snapshot: wins over every other copy.
    pub changed: bool,
}

macro_rules! kinds {
    (plain { $($field:ident $call:literal $member:literal : $kind:ty),* $(,)? } keyed { $($kfield:ident $kcall:literal $kmember:literal : $kkind:ty),* $(,)? }) => {
        /// Everything read from a snapshot, each item with the scope it came from.
        #[derive(Debug, Clone, Default)]
        pub struct Snapshot {
            $(#[doc = concat!("Of `", $call, "`.")] pub $field: Vec<(Scope, $kind)>,)*
            $(#[doc = concat!("Of `", $kcall, "@KEY`, with the key.")] pub $kfield: Vec<(String, Vec<$kkind>)>,)*
        }

        impl Snapshot {
            /// Reads one file; those of other names are ignored.
            ///
            /// # Errors
            /// Not JSON, or not the shape that the name says; the file and the field are named.
            pub fn read(&mut self, scope: &Scope, file: &str, bytes: &[u8]) -> Result<(), DocumentError> {
                let name = file.rsplit('/').next().unwrap_or(file);
                let Some(stem) = name.strip_suffix(".json") else { return Ok(()) };
                let (call, key) = stem.split_once('@').unwrap_or((stem, ""));
                match call {
                    $($call => {
                        #[derive(Deserialize)]
                        struct Answer { #[serde(rename = $member, default, deserialize_with = "nullable")] items: Vec<$kind> }
                        let answer: Answer = parse(file, bytes)?;
                        self.$field.extend(answer.items.into_iter().map(|item| (scope.clone(), item)));
                    })*
                    $($kcall => {
                        #[derive(Deserialize)]
                        struct Answer { #[serde(rename = $kmember, default, deserialize_with = "nullable")] items: Vec<$kkind> }
                        let answer: Answer = parse(file, bytes)?;
                        self.$kfield.push((key.to_owned(), answer.items));
                    })*
                    "ec2.describe-vpc-block-public-access-options" => {
                        #[derive(Deserialize)]
                        struct Answer { #[serde(rename = "VpcBlockPublicAccessOptions", default, deserialize_with = "nullable")] options: BlockOptions }
                        let answer: Answer = parse(file, bytes)?;
                        self.block_options.push((scope.clone(), answer.options));
                    }
                    "elb.describe-load-balancer-attributes" => {
                        #[derive(Deserialize)]
                        struct Answer { #[serde(rename = "LoadBalancerAttributes", default, deserialize_with = "nullable")] attributes: ClassicAttributes }
                        let answer: Answer = parse(file, bytes)?;
                        self.classic_attributes.push((key.to_owned(), vec![answer.attributes]));
                    }
                    _ => {}
                }
                Ok(())
            }

            /// Whether a file of this name is read.
            pub fn knows(file: &str) -> bool {
                let name = file.rsplit('/').next().unwrap_or(file);
                let Some(stem) = name.strip_suffix(".json") else { return false };
                let call = stem.split_once('@').map_or(stem, |(call, _)| call);
                let odd = ["ec2.describe-vpc-block-public-access-options", "elb.describe-load-balancer-attributes"];
                [$($call,)* $($kcall,)*].contains(&call) || odd.contains(&call)
            }

            /// Lays changed documents over this one: keyed documents take the place of those with their key; of the
            /// others each resource takes the place of its copies when the network is built.
            pub fn overlay(&mut self, other: Self) {
                $(self.$kfield.retain(|(key, _)| !other.$kfield.iter().any(|(changed, _)| changed == key));)*
                self.absorb(other);
            }

            /// Adds everything of another snapshot.
            pub fn absorb(&mut self, mut other: Self) {
                $(self.$field.append(&mut other.$field);)*
                $(self.$kfield.append(&mut other.$kfield);)*
            }
        }
    };
}

kinds! {
    plain {
        vpcs "ec2.describe-vpcs" "Vpcs": Vpc,
        subnets "ec2.describe-subnets" "Subnets": Subnet,
        reservations "ec2.describe-instances" "Reservations": Reservation,
        interfaces "ec2.describe-network-interfaces" "NetworkInterfaces": Interface,
        groups "ec2.describe-security-groups" "SecurityGroups": SecurityGroup,
        acls "ec2.describe-network-acls" "NetworkAcls": Acl,
        tables "ec2.describe-route-tables" "RouteTables": RouteTable,
        internet_gateways "ec2.describe-internet-gateways" "InternetGateways": InternetGateway,
        peerings "ec2.describe-vpc-peering-connections" "VpcPeeringConnections": Peering,
        vpn_gateways "ec2.describe-vpn-gateways" "VpnGateways": VpnGateway,
        transit_gateways "ec2.describe-transit-gateways" "TransitGateways": TransitGateway,
        transit_attachments "ec2.describe-transit-gateway-attachments" "TransitGatewayAttachments": TransitAttachment,
        transit_vpc_attachments "ec2.describe-transit-gateway-vpc-attachments" "TransitGatewayVpcAttachments": TransitVpcAttachment,
        prefix_lists "ec2.describe-prefix-lists" "PrefixLists": PrefixList,
        endpoints "ec2.describe-vpc-endpoints" "VpcEndpoints": Endpoint,
        block_options "\0options" "": BlockOptions,
        exclusions "ec2.describe-vpc-block-public-access-exclusions" "VpcBlockPublicAccessExclusions": Exclusion,
        balancers "elbv2.describe-load-balancers" "LoadBalancers": Balancer,
        target_groups "elbv2.describe-target-groups" "TargetGroups": TargetGroup,
        classics "elb.describe-load-balancers" "LoadBalancerDescriptions": Classic,
    }
    keyed {
        transit_routes "ec2.search-transit-gateway-routes" "Routes": TransitRoute,
        list_entries "ec2.get-managed-prefix-list-entries" "Entries": ListEntry,
        listeners "elbv2.describe-listeners" "Listeners": Listener,
        rules "elbv2.describe-rules" "Rules": Rule,
        balancer_attributes "elbv2.describe-load-balancer-attributes" "Attributes": Attribute,
        target_health "elbv2.describe-target-health" "TargetHealthDescriptions": Health,
        target_group_attributes "elbv2.describe-target-group-attributes" "Attributes": Attribute,
        classic_attributes "\0classic" "": ClassicAttributes,
    }
}

pub(crate) fn parse<'de, T: Deserialize<'de>>(file: &str, bytes: &'de [u8]) -> Result<T, DocumentError> {
    // The plain parser is faster; the one that knows where it is runs only to name the place.
    serde_json::from_slice(bytes).or_else(|_| {
        let mut from = serde_json::Deserializer::from_slice(bytes);
        let parsed = serde_path_to_error::deserialize(&mut from).map_err(|error| DocumentError::Shape {
            file: file.to_owned(),
            field: error.path().to_string(),
            detail: error.inner().to_string(),
        })?;
        from.end().map_err(|error| DocumentError::Shape {
            file: file.to_owned(),
            field: ".".to_owned(),
            detail: error.to_string(),
        })?;
        Ok(parsed)
    })
}
